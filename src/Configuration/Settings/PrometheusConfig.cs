using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>A whole <c>prometheus.yml</c>, checked, with all defaults filled in. Immutable; equal by value.</summary>
public sealed record PrometheusConfig
{
    /// <summary><c>global</c></summary>
    public GlobalConfig Global { get; init; } = new();

    /// <summary>Whether the file has a <c>global</c> section: without one, upstream prints more of its defaults.</summary>
    public bool IsGlobalGiven { get; init; }

    /// <summary><c>runtime</c></summary>
    public RuntimeConfig Runtime { get; init; } = new();

    /// <summary><c>alerting</c></summary>
    public AlertingConfig Alerting { get; init; } = new();

    /// <summary><c>rule_files</c>: absolute patterns.</summary>
    public EquatableList<string> RuleFiles { get; init; } = [];

    /// <summary><c>scrape_config_files</c>: absolute patterns. What they hold is in <see cref="ScrapeConfigs"/> already.</summary>
    public EquatableList<string> ScrapeConfigFiles { get; init; } = [];

    /// <summary>All scrape configurations, those from <see cref="ScrapeConfigFiles"/> included, in order.</summary>
    public EquatableList<ScrapeConfig> ScrapeConfigs { get; init; } = [];

    /// <summary>How many of <see cref="ScrapeConfigs"/>, from the start, stand in the main file: only these are printed.</summary>
    public int OwnScrapeConfigCount { get; init; }

    /// <summary><c>storage</c></summary>
    public StorageConfig Storage { get; init; } = new();

    /// <summary><c>tracing</c>; null if traces are not sent.</summary>
    public TracingConfig? Tracing { get; init; }

    /// <summary><c>remote_write</c></summary>
    public EquatableList<RemoteWriteConfig> RemoteWrite { get; init; } = [];

    /// <summary><c>remote_read</c></summary>
    public EquatableList<RemoteReadConfig> RemoteRead { get; init; } = [];

    /// <summary><c>otlp</c></summary>
    public OtlpConfig Otlp { get; init; } = new();
}

/// <summary><c>runtime</c></summary>
public sealed record RuntimeConfig
{
    /// <summary>The value where none is given.</summary>
    public const int DefaultGoGc = 75;

    /// <summary><c>gogc</c>: accepted for compatibility; there is no Go collector to steer.</summary>
    public int GoGc { get; init; } = DefaultGoGc;
}

/// <summary><c>storage</c></summary>
public sealed record StorageConfig
{
    /// <summary><c>tsdb</c>; null if not given.</summary>
    public TsdbConfig? Tsdb { get; init; }

    /// <summary><c>exemplars.max_exemplars</c>; null if not given.</summary>
    public long? MaxExemplars { get; init; }
}

/// <summary><c>storage.tsdb</c></summary>
public sealed record TsdbConfig
{
    /// <summary><c>out_of_order_time_window</c></summary>
    public TimeSpan OutOfOrderTimeWindow { get; init; }

    /// <summary><c>stale_series_compaction_threshold</c></summary>
    public double StaleSeriesCompactionThreshold { get; init; }

    /// <summary><c>chunk_encoding.floats</c>: <c>xor</c>, <c>xor2</c> or empty.</summary>
    public string FloatChunkEncoding { get; init; } = "";

    /// <summary><c>retention</c>; null if not given.</summary>
    public RetentionConfig? Retention { get; init; }
}

/// <summary><c>storage.tsdb.retention</c></summary>
public sealed record RetentionConfig
{
    /// <summary><c>time</c>; zero if not given.</summary>
    public TimeSpan Time { get; init; }

    /// <summary><c>size</c> in bytes; zero for no limit.</summary>
    public long SizeBytes { get; init; }

    /// <summary><c>percentage</c> of the disk; zero for no limit.</summary>
    public double Percentage { get; init; }
}

/// <summary><c>tracing</c></summary>
public sealed record TracingConfig
{
    /// <summary><c>client_type</c>: <c>grpc</c> or <c>http</c>.</summary>
    public string ClientType { get; init; } = "grpc";

    /// <summary><c>endpoint</c></summary>
    public string Endpoint { get; init; } = "";

    /// <summary><c>sampling_fraction</c></summary>
    public double SamplingFraction { get; init; }

    /// <summary><c>insecure</c></summary>
    public bool Insecure { get; init; }

    /// <summary><c>tls_config</c></summary>
    public HttpClients.TlsConfig Tls { get; init; } = HttpClients.TlsConfig.Default;

    /// <summary><c>headers</c></summary>
    public EquatableMap<string> Headers { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>compression</c>: <c>gzip</c> or empty.</summary>
    public string Compression { get; init; } = "";

    /// <summary><c>timeout</c></summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>How OTLP names become Prometheus names.</summary>
public enum OtlpTranslationStrategy : byte
{
    /// <summary>Underscores for what is not legacy, with unit and type suffixes.</summary>
    UnderscoreEscapingWithSuffixes,

    /// <summary>Underscores for what is not legacy, no suffixes.</summary>
    UnderscoreEscapingWithoutSuffixes,

    /// <summary>Any UTF-8, with suffixes.</summary>
    NoUTF8EscapingWithSuffixes,

    /// <summary>Names as they come.</summary>
    NoTranslation,
}

/// <summary><c>otlp</c></summary>
public sealed record OtlpConfig
{
    /// <summary><c>promote_all_resource_attributes</c></summary>
    public bool PromoteAllResourceAttributes { get; init; }

    /// <summary><c>promote_resource_attributes</c></summary>
    public EquatableList<string> PromoteResourceAttributes { get; init; } = [];

    /// <summary><c>ignore_resource_attributes</c></summary>
    public EquatableList<string> IgnoreResourceAttributes { get; init; } = [];

    /// <summary><c>translation_strategy</c></summary>
    public OtlpTranslationStrategy TranslationStrategy { get; init; }

    /// <summary><c>keep_identifying_resource_attributes</c></summary>
    public bool KeepIdentifyingResourceAttributes { get; init; }

    /// <summary><c>convert_histograms_to_nhcb</c></summary>
    public bool ConvertHistogramsToNhcb { get; init; }

    /// <summary><c>promote_scope_metadata</c></summary>
    public bool PromoteScopeMetadata { get; init; }

    /// <summary><c>label_name_underscore_sanitization</c></summary>
    public bool LabelNameUnderscoreSanitization { get; init; } = true;

    /// <summary><c>label_name_preserve_multiple_underscores</c></summary>
    public bool LabelNamePreserveMultipleUnderscores { get; init; } = true;
}
