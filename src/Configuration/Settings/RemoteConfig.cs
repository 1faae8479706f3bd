using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One of <c>remote_write</c>.</summary>
public sealed record RemoteWriteConfig
{
    /// <summary>The first version of the protocol.</summary>
    public const string ProtobufMessageV1 = "prometheus.WriteRequest";

    /// <summary>The second version of the protocol.</summary>
    public const string ProtobufMessageV2 = "io.prometheus.write.v2.Request";

    /// <summary><c>url</c></summary>
    public required string Url { get; init; }

    /// <summary><c>remote_timeout</c></summary>
    public TimeSpan RemoteTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>headers</c></summary>
    public EquatableMap<string> Headers { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>write_relabel_configs</c></summary>
    public EquatableList<RelabelConfig> WriteRelabelConfigs { get; init; } = [];

    /// <summary><c>name</c></summary>
    public string Name { get; init; } = "";

    /// <summary><c>send_exemplars</c></summary>
    public bool SendExemplars { get; init; }

    /// <summary><c>send_native_histograms</c></summary>
    public bool SendNativeHistograms { get; init; }

    /// <summary><c>round_robin_dns</c></summary>
    public bool RoundRobinDns { get; init; }

    /// <summary><c>protobuf_message</c></summary>
    public string ProtobufMessage { get; init; } = ProtobufMessageV1;

    /// <summary>The keys of <c>http_config</c>; HTTP/2 is off unless asked for.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default with { EnableHttp2 = false };

    /// <summary><c>queue_config</c></summary>
    public QueueConfig Queue { get; init; } = new();

    /// <summary><c>metadata_config</c></summary>
    public MetadataConfig Metadata { get; init; } = new();

    /// <summary><c>sigv4</c></summary>
    public SigV4Config? SigV4 { get; init; }

    /// <summary><c>azuread</c>, kept as written.</summary>
    public ConfigMapping? AzureAd { get; init; }

    /// <summary><c>google_iam</c>, kept as written.</summary>
    public ConfigMapping? GoogleIam { get; init; }
}

/// <summary><c>queue_config</c></summary>
public sealed record QueueConfig
{
    /// <summary><c>capacity</c></summary>
    public int Capacity { get; init; } = 10000;

    /// <summary><c>max_shards</c></summary>
    public int MaxShards { get; init; } = 50;

    /// <summary><c>min_shards</c></summary>
    public int MinShards { get; init; } = 1;

    /// <summary><c>max_samples_per_send</c></summary>
    public int MaxSamplesPerSend { get; init; } = 2000;

    /// <summary><c>batch_send_deadline</c></summary>
    public TimeSpan BatchSendDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>min_backoff</c></summary>
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(30);

    /// <summary><c>max_backoff</c></summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>retry_on_http_429</c></summary>
    public bool RetryOnRateLimit { get; init; }

    /// <summary><c>sample_age_limit</c></summary>
    public TimeSpan SampleAgeLimit { get; init; }
}

/// <summary><c>metadata_config</c></summary>
public sealed record MetadataConfig
{
    /// <summary><c>send</c></summary>
    public bool Send { get; init; } = true;

    /// <summary><c>send_interval</c></summary>
    public TimeSpan SendInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>max_samples_per_send</c></summary>
    public int MaxSamplesPerSend { get; init; } = 2000;
}

/// <summary>One of <c>remote_read</c>.</summary>
public sealed record RemoteReadConfig
{
    /// <summary><c>url</c></summary>
    public required string Url { get; init; }

    /// <summary><c>remote_timeout</c></summary>
    public TimeSpan RemoteTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>headers</c></summary>
    public EquatableMap<string> Headers { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>read_recent</c></summary>
    public bool ReadRecent { get; init; }

    /// <summary><c>name</c></summary>
    public string Name { get; init; } = "";

    /// <summary><c>chunked_read_limit</c> in bytes.</summary>
    public long ChunkedReadLimit { get; init; } = 50_000_000;

    /// <summary>The keys of <c>http_config</c>.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;

    /// <summary><c>required_matchers</c></summary>
    public EquatableMap<string> RequiredMatchers { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>filter_external_labels</c></summary>
    public bool FilterExternalLabels { get; init; } = true;
}
