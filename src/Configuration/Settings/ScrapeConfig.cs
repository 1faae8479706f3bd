using Narthex.Exposition;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>One of <c>scrape_configs</c>, with what <c>global</c> says filled in where it says nothing itself.</summary>
public sealed record ScrapeConfig
{
    /// <summary><c>job_name</c>: unique.</summary>
    public required string JobName { get; init; }

    /// <summary><c>honor_labels</c></summary>
    public bool HonorLabels { get; init; }

    /// <summary><c>honor_timestamps</c></summary>
    public bool HonorTimestamps { get; init; } = true;

    /// <summary><c>track_timestamps_staleness</c></summary>
    public bool TrackTimestampsStaleness { get; init; }

    /// <summary><c>params</c>: query parameters of the request.</summary>
    public EquatableMap<EquatableList<string>> Params { get; init; } = EquatableMap<EquatableList<string>>.Empty;

    /// <summary><c>scrape_interval</c></summary>
    public TimeSpan ScrapeInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>scrape_timeout</c>: never above the interval.</summary>
    public TimeSpan ScrapeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>scrape_protocols</c></summary>
    public EquatableList<ScrapeProtocol> ScrapeProtocols { get; init; } = GlobalConfig.DefaultScrapeProtocols;

    /// <summary><c>fallback_scrape_protocol</c>; null if an unknown content type is an error.</summary>
    public ScrapeProtocol? FallbackScrapeProtocol { get; init; }

    /// <summary><c>scrape_native_histograms</c></summary>
    public bool ScrapeNativeHistograms { get; init; }

    /// <summary><c>always_scrape_classic_histograms</c></summary>
    public bool AlwaysScrapeClassicHistograms { get; init; }

    /// <summary><c>convert_classic_histograms_to_nhcb</c></summary>
    public bool ConvertClassicHistogramsToNhcb { get; init; }

    /// <summary><c>extra_scrape_metrics</c></summary>
    public bool ExtraScrapeMetrics { get; init; }

    /// <summary><c>scrape_failure_log_file</c></summary>
    public string ScrapeFailureLogFile { get; init; } = "";

    /// <summary><c>metrics_path</c></summary>
    public string MetricsPath { get; init; } = "/metrics";

    /// <summary><c>scheme</c></summary>
    public string Scheme { get; init; } = "http";

    /// <summary><c>enable_compression</c></summary>
    public bool EnableCompression { get; init; } = true;

    /// <summary>The limits in force.</summary>
    public ScrapeLimits Limits { get; init; } = new();

    /// <summary><c>native_histogram_bucket_limit</c></summary>
    public long NativeHistogramBucketLimit { get; init; }

    /// <summary><c>native_histogram_min_bucket_factor</c></summary>
    public double NativeHistogramMinBucketFactor { get; init; }

    /// <summary><c>metric_name_validation_scheme</c></summary>
    public NameValidationScheme MetricNameValidationScheme { get; init; }

    /// <summary><c>metric_name_escaping_scheme</c></summary>
    public NameEscapingScheme MetricNameEscapingScheme { get; init; }

    /// <summary>The keys of <c>http_config</c>, which stand beside the others.</summary>
    public HttpClientConfig HttpClient { get; init; } = HttpClientConfig.Default;

    /// <summary>All service discovery of the job, <c>static_configs</c> included, in upstream's order of kinds.</summary>
    public EquatableList<SdConfig> ServiceDiscovery { get; init; } = [];

    /// <summary><c>relabel_configs</c></summary>
    public EquatableList<RelabelConfig> RelabelConfigs { get; init; } = [];

    /// <summary><c>metric_relabel_configs</c></summary>
    public EquatableList<RelabelConfig> MetricRelabelConfigs { get; init; } = [];
}
