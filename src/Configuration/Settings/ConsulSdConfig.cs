using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One of <c>consul_sd_configs</c>.</summary>
public sealed record ConsulSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "consul";

    /// <summary><c>server</c>: host and port, or a URL, whose scheme then counts.</summary>
    public string Server { get; init; } = "localhost:8500";

    /// <summary><c>path_prefix</c>: stands before <c>/v1</c>.</summary>
    public string PathPrefix { get; init; } = "";

    /// <summary><c>token</c></summary>
    public Secret Token { get; init; }

    /// <summary><c>datacenter</c>; empty for that of the agent.</summary>
    public string Datacenter { get; init; } = "";

    /// <summary><c>namespace</c></summary>
    public string Namespace { get; init; } = "";

    /// <summary><c>partition</c></summary>
    public string Partition { get; init; } = "";

    /// <summary><c>tag_separator</c></summary>
    public string TagSeparator { get; init; } = ",";

    /// <summary><c>scheme</c></summary>
    public string Scheme { get; init; } = "http";

    /// <summary><c>username</c>: an old form of <c>basic_auth</c>, which holds it too.</summary>
    public string Username { get; init; } = "";

    /// <summary><c>password</c>: an old form of <c>basic_auth</c>, which holds it too.</summary>
    public Secret Password { get; init; }

    /// <summary><c>allow_stale</c>: whether any server may answer, not only the leader.</summary>
    public bool AllowStale { get; init; } = true;

    /// <summary><c>refresh_interval</c>: the least time between two questions about the same thing.</summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>services</c>; all if empty.</summary>
    public EquatableList<string> Services { get; init; } = [];

    /// <summary><c>tags</c>: a service instance must have all.</summary>
    public EquatableList<string> Tags { get; init; } = [];

    /// <summary><c>node_meta</c>: the node must have all.</summary>
    public EquatableMap<string> NodeMeta { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>filter</c>: an expression over the catalog's services.</summary>
    public string Filter { get; init; } = "";

    /// <summary><c>health_filter</c>: an expression over the instances of a service.</summary>
    public string HealthFilter { get; init; } = "";

    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;
}
