using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Configuration;

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
        ScrapeProtocol.OpenMetrics100, ScrapeProtocol.OpenMetrics001, ScrapeProtocol.Text100, ScrapeProtocol.Text004,
    ];

    /// <summary>The same where native histograms are scraped.</summary>
    public static EquatableList<ScrapeProtocol> DefaultProtobufFirstScrapeProtocols { get; } =
    [
        ScrapeProtocol.Protobuf, ScrapeProtocol.OpenMetrics100, ScrapeProtocol.OpenMetrics001,
        ScrapeProtocol.Text100, ScrapeProtocol.Text004,
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
