using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary><c>alerting</c></summary>
public sealed record AlertingConfig
{
    /// <summary><c>alert_relabel_configs</c></summary>
    public EquatableList<RelabelConfig> AlertRelabelConfigs { get; init; } = [];

    /// <summary><c>alertmanagers</c></summary>
    public EquatableList<AlertmanagerConfig> Alertmanagers { get; init; } = [];
}

/// <summary>One of <c>alertmanagers</c>.</summary>
public sealed record AlertmanagerConfig
{
    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;

    /// <summary><c>sigv4</c></summary>
    public SigV4Config? SigV4 { get; init; }

    /// <summary>All service discovery, <c>static_configs</c> included.</summary>
    public EquatableList<SdConfig> ServiceDiscovery { get; init; } = [];

    /// <summary><c>scheme</c></summary>
    public string Scheme { get; init; } = "http";

    /// <summary><c>path_prefix</c></summary>
    public string PathPrefix { get; init; } = "";

    /// <summary><c>timeout</c></summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>api_version</c></summary>
    public string ApiVersion { get; init; } = "v2";

    /// <summary><c>relabel_configs</c></summary>
    public EquatableList<RelabelConfig> RelabelConfigs { get; init; } = [];

    /// <summary><c>alert_relabel_configs</c></summary>
    public EquatableList<RelabelConfig> AlertRelabelConfigs { get; init; } = [];
}

/// <summary><c>sigv4</c></summary>
public sealed record SigV4Config
{
    /// <summary><c>region</c></summary>
    public string Region { get; init; } = "";

    /// <summary><c>access_key</c></summary>
    public string AccessKey { get; init; } = "";

    /// <summary><c>secret_key</c></summary>
    public Secret SecretKey { get; init; }

    /// <summary><c>profile</c></summary>
    public string Profile { get; init; } = "";

    /// <summary><c>role_arn</c></summary>
    public string RoleArn { get; init; } = "";

    /// <summary><c>external_id</c></summary>
    public string ExternalId { get; init; } = "";

    /// <summary><c>use_fips_sts_endpoint</c></summary>
    public bool UseFipsStsEndpoint { get; init; }
}
