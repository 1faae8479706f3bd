using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>A format that a target may answer in.</summary>
public enum ScrapeProtocol : byte
{
    /// <summary><c>PrometheusProto</c></summary>
    PrometheusProto,

    /// <summary><c>PrometheusText0.0.4</c></summary>
    PrometheusText004,

    /// <summary><c>PrometheusText1.0.0</c></summary>
    PrometheusText100,

    /// <summary><c>OpenMetricsText0.0.1</c></summary>
    OpenMetricsText001,

    /// <summary><c>OpenMetricsText1.0.0</c></summary>
    OpenMetricsText100,
}

/// <summary>How a target is asked to write names that are not legacy names.</summary>
public enum NameEscapingScheme : byte
{
    /// <summary><c>allow-utf-8</c></summary>
    AllowUtf8,

    /// <summary><c>underscores</c></summary>
    Underscores,

    /// <summary><c>dots</c></summary>
    Dots,

    /// <summary><c>values</c></summary>
    Values,
}

/// <summary>Limits that scrapes must keep. Zero is no limit.</summary>
public sealed record ScrapeLimits
{
    /// <summary><c>body_size_limit</c></summary>
    public long BodySizeBytes { get; init; }

    /// <summary><c>sample_limit</c></summary>
    public long Samples { get; init; }

    /// <summary><c>target_limit</c></summary>
    public long Targets { get; init; }

    /// <summary><c>label_limit</c></summary>
    public long Labels { get; init; }

    /// <summary><c>label_name_length_limit</c></summary>
    public long LabelNameLength { get; init; }

    /// <summary><c>label_value_length_limit</c></summary>
    public long LabelValueLength { get; init; }

    /// <summary><c>keep_dropped_targets</c></summary>
    public long KeepDroppedTargets { get; init; }
}

/// <summary><c>global</c></summary>
public sealed record GlobalConfig
{
    /// <summary>Protocols asked for where none are given.</summary>
    public static EquatableList<ScrapeProtocol> DefaultScrapeProtocols { get; } =
    [
        ScrapeProtocol.OpenMetricsText100, ScrapeProtocol.OpenMetricsText001, ScrapeProtocol.PrometheusText100, ScrapeProtocol.PrometheusText004,
    ];

    /// <summary>The same where native histograms are scraped.</summary>
    public static EquatableList<ScrapeProtocol> DefaultProtobufFirstScrapeProtocols { get; } =
    [
        ScrapeProtocol.PrometheusProto, ScrapeProtocol.OpenMetricsText100, ScrapeProtocol.OpenMetricsText001,
        ScrapeProtocol.PrometheusText100, ScrapeProtocol.PrometheusText004,
    ];

    /// <summary><c>scrape_interval</c></summary>
    public TimeSpan ScrapeInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>scrape_timeout</c></summary>
    public TimeSpan ScrapeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>scrape_protocols</c></summary>
    public EquatableList<ScrapeProtocol> ScrapeProtocols { get; init; } = DefaultScrapeProtocols;

    /// <summary><c>evaluation_interval</c></summary>
    public TimeSpan EvaluationInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>rule_query_offset</c></summary>
    public TimeSpan RuleQueryOffset { get; init; }

    /// <summary><c>query_log_file</c></summary>
    public string QueryLogFile { get; init; } = "";

    /// <summary><c>scrape_failure_log_file</c></summary>
    public string ScrapeFailureLogFile { get; init; } = "";

    /// <summary><c>external_labels</c>, with the environment filled in.</summary>
    public Labels ExternalLabels { get; init; }

    /// <summary>The limits where a scrape configuration sets none.</summary>
    public ScrapeLimits Limits { get; init; } = new();

    /// <summary><c>metric_name_validation_scheme</c></summary>
    public NameValidationScheme MetricNameValidationScheme { get; init; }

    /// <summary><c>metric_name_escaping_scheme</c></summary>
    public NameEscapingScheme MetricNameEscapingScheme { get; init; }

    /// <summary><c>scrape_native_histograms</c></summary>
    public bool ScrapeNativeHistograms { get; init; }

    /// <summary><c>convert_classic_histograms_to_nhcb</c></summary>
    public bool ConvertClassicHistogramsToNhcb { get; init; }

    /// <summary><c>always_scrape_classic_histograms</c></summary>
    public bool AlwaysScrapeClassicHistograms { get; init; }

    /// <summary><c>extra_scrape_metrics</c></summary>
    public bool ExtraScrapeMetrics { get; init; }
}
