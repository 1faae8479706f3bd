using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One of the <c>filters</c> of Docker: the name must have one of the values.</summary>
public sealed record DockerFilter
{
    /// <summary><c>name</c></summary>
    public string Name { get; init; } = "";

    /// <summary><c>values</c></summary>
    public EquatableList<string> Values { get; init; } = [];
}

/// <summary>One of <c>docker_sd_configs</c>.</summary>
public sealed record DockerSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "docker";

    /// <summary><c>host</c>: <c>unix://</c>, <c>tcp://</c>, <c>http://</c> or <c>https://</c>.</summary>
    public required string Host { get; init; }

    /// <summary><c>port</c>: of containers that expose none.</summary>
    public long Port { get; init; } = 80;

    /// <summary><c>filters</c></summary>
    public EquatableList<DockerFilter> Filters { get; init; } = [];

    /// <summary><c>host_networking_host</c>: the address of containers in the host's network.</summary>
    public string HostNetworkingHost { get; init; } = "localhost";

    /// <summary><c>refresh_interval</c></summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>match_first_network</c>: whether only the first network of a container counts.</summary>
    public bool MatchFirstNetwork { get; init; } = true;

    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;
}

/// <summary>One of <c>dockerswarm_sd_configs</c>.</summary>
public sealed record DockerSwarmSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "dockerswarm";

    /// <summary><c>host</c>: <c>unix://</c>, <c>tcp://</c>, <c>http://</c> or <c>https://</c>.</summary>
    public required string Host { get; init; }

    /// <summary><c>role</c>: <c>services</c>, <c>tasks</c> or <c>nodes</c>.</summary>
    public required string Role { get; init; }

    /// <summary><c>port</c>: of targets that publish none.</summary>
    public long Port { get; init; } = 80;

    /// <summary><c>filters</c></summary>
    public EquatableList<DockerFilter> Filters { get; init; } = [];

    /// <summary><c>refresh_interval</c></summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;
}
