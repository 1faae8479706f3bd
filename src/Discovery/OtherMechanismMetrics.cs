using Narthex.Instrumentation;

namespace Narthex.Discovery;

/// <summary>Metrics of mechanisms that are not available yet. Upstream tells them from the start, used or not, so that rules and dashboards find them at zero.</summary>
internal sealed class OtherMechanismMetrics
{
    public OtherMechanismMetrics(MetricRegistry registry)
    {
        registry.CreateCounter("prometheus_sd_azure_failures_total", "Refreshes of Azure service discovery that failed.");
        registry.CreateCounter("prometheus_sd_azure_cache_hit_total", "Network interfaces of Azure that were known already.");
        registry.CreateSummary("prometheus_sd_kuma_fetch_duration_seconds", "Time that asking Kuma took, in seconds.", [0.5, 0.9, 0.99]);
        registry.CreateCounter("prometheus_sd_kuma_fetch_failures_total", "Questions to Kuma that failed.");
        registry.CreateCounter("prometheus_sd_kuma_fetch_skipped_updates_total", "Answers of Kuma without news.");
        registry.CreateCounter("prometheus_sd_linode_failures_total", "Refreshes of Linode service discovery that failed.");
        registry.CreateCounter("prometheus_sd_nomad_failures_total", "Refreshes of Nomad service discovery that failed.");
        registry.CreateGauge("prometheus_treecache_watcher_goroutines", "Watchers of ZooKeeper that run.");
        registry.CreateCounter("prometheus_treecache_zookeeper_failures_total", "Questions to ZooKeeper that failed.");
    }
}
