using Narthex.Discovery.Kubernetes;
using Narthex.Instrumentation;

namespace Narthex.Discovery;

/// <summary>The <c>prometheus_sd_*</c> metrics of one server.</summary>
public sealed class DiscoveryMetrics(MetricRegistry registry)
{
    internal Family<Gauge> FailedConfigs { get; } =
        registry.CreateGaugeFamily("prometheus_sd_failed_configs", "Service discovery configurations that could not be started.", "name");

    internal Family<Gauge> DiscoveredTargets { get; } =
        registry.CreateGaugeFamily("prometheus_sd_discovered_targets", "Targets found at present.", "name", "config");

    internal Family<Counter> ReceivedUpdates { get; } =
        registry.CreateCounterFamily("prometheus_sd_received_updates_total", "Updates that discoverers reported.", "name");

    internal Family<Counter> UpdatesDelayed { get; } =
        registry.CreateCounterFamily("prometheus_sd_updates_delayed_total", "Updates that the receiver was not ready for.", "name");

    internal Family<Counter> Updates { get; } =
        registry.CreateCounterFamily("prometheus_sd_updates_total", "Updates handed to the receiver.", "name");

    internal Counter FileReadErrors { get; } =
        registry.CreateCounter("prometheus_sd_file_read_errors_total", "Target files that could not be read.");

    internal Counter FileWatcherErrors { get; } =
        registry.CreateCounter("prometheus_sd_file_watcher_errors_total", "Faults of watching target files.");

    internal Summary FileScanDuration { get; } = registry.CreateSummary(
        "prometheus_sd_file_scan_duration_seconds", "Time to read all target files of a configuration, in seconds.", [0.5, 0.9, 0.99]);

    internal Family<Gauge> FileModified { get; } =
        registry.CreateGaugeFamily("prometheus_sd_file_mtime_seconds", "When a target file was last changed, in seconds since 1970.", "filename");

    internal Counter HttpFailures { get; } =
        registry.CreateCounter("prometheus_sd_http_failures_total", "Refreshes of HTTP service discovery that failed.");

    internal Family<Counter> RefreshFailures { get; } = registry.CreateCounterFamily(
        "prometheus_sd_refresh_failures_total", "Refreshes of a mechanism that failed.", "mechanism", "config");

    internal Family<Summary> RefreshDuration { get; } = registry.CreateSummaryFamily(
        "prometheus_sd_refresh_duration_seconds", "Time that a refresh of a mechanism took, in seconds.", [0.5, 0.9, 0.99], "mechanism", "config");

    internal Family<Histogram> RefreshDurationHistogram { get; } = registry.CreateHistogramFamily(
        "prometheus_sd_refresh_duration_histogram_seconds", "Time that refreshes of a mechanism took, in seconds.", [0.01, 0.1, 1, 10], "mechanism");

    internal Counter DnsLookups { get; } = registry.CreateCounter("prometheus_sd_dns_lookups_total", "Names that were looked up in the DNS.");

    internal Counter DnsLookupFailures { get; } =
        registry.CreateCounter("prometheus_sd_dns_lookup_failures_total", "Names that could not be looked up in the DNS.");

    internal Family<Summary> ConsulRpcDuration { get; } = registry.CreateSummaryFamily(
        "prometheus_sd_consul_rpc_duration_seconds", "Time that a question to Consul took, in seconds.", [0.5, 0.9, 0.99], "endpoint", "call");

    internal KubernetesMetrics Kubernetes { get; } = new(registry);

    internal OtherMechanismMetrics Others { get; } = new(registry);

    internal Counter ConsulRpcFailures { get; } =
        registry.CreateCounter("prometheus_sd_consul_rpc_failures_total", "Questions to Consul that failed.");
}
