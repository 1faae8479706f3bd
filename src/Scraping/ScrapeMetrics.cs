using Narthex.Instrumentation;

namespace Narthex.Scraping;

/// <summary>The <c>prometheus_target_*</c> metrics.</summary>
internal sealed class ScrapeMetrics(MetricRegistry registry)
{
    private static readonly double[] s_quantiles = [0.01, 0.05, 0.5, 0.9, 0.99];

    public readonly Family<Summary> IntervalLength = registry.CreateSummaryFamily(
        "prometheus_target_interval_length_seconds", "Time between scrapes as it really was.", s_quantiles, "interval");

    public readonly Family<Summary> ReloadLength = registry.CreateSummaryFamily(
        "prometheus_target_reload_length_seconds", "Time that a scrape pool took to take over a new configuration.", s_quantiles, "interval");

    public readonly Family<Summary> SyncLength = registry.CreateSummaryFamily(
        "prometheus_target_sync_length_seconds", "Time that a scrape pool took to take over new targets.", s_quantiles, "scrape_job");

    public readonly Counter Pools = registry.CreateCounter("prometheus_target_scrape_pools_total", "Attempts to create a scrape pool.");
    public readonly Counter PoolsFailed = registry.CreateCounter("prometheus_target_scrape_pools_failed_total", "Scrape pools that could not be created.");
    public readonly Counter Reloads = registry.CreateCounter("prometheus_target_scrape_pool_reloads_total", "Attempts to reload a scrape pool.");
    public readonly Counter ReloadsFailed = registry.CreateCounter("prometheus_target_scrape_pool_reloads_failed_total", "Scrape pools that could not be reloaded.");

    public readonly Counter TargetLimitExceeded = registry.CreateCounter(
        "prometheus_target_scrape_pool_exceeded_target_limit_total", "Times that a scrape pool had more targets than target_limit allows.");

    public readonly Family<Gauge> TargetLimit = registry.CreateGaugeFamily(
        "prometheus_target_scrape_pool_target_limit", "Most targets that the pool may have; 0 if there is no limit.", "scrape_job");

    public readonly Family<Gauge> PoolTargets = registry.CreateGaugeFamily("prometheus_target_scrape_pool_targets", "Targets of the pool.", "scrape_job");
    public readonly Family<Counter> Syncs = registry.CreateCounterFamily("prometheus_target_scrape_pool_sync_total", "Times that the pool took over targets.", "scrape_job");
    public readonly Family<Counter> SyncsFailed = registry.CreateCounterFamily("prometheus_target_sync_failed_total", "Targets that could not be made from what was discovered.", "scrape_job");

    public readonly Family<Gauge> SymbolTableItems = registry.CreateGaugeFamily(
        "prometheus_target_scrape_pool_symboltable_items", "Symbols kept by the pool; always 0, as symbols are kept by the storage.", "scrape_job");

    public readonly Family<Gauge> MetadataEntries = registry.CreateGaugeFamily("prometheus_target_metadata_cache_entries", "Metric families whose metadata is kept.", "scrape_job");
    public readonly Family<Gauge> MetadataBytes = registry.CreateGaugeFamily("prometheus_target_metadata_cache_bytes", "Memory of the metadata kept.", "scrape_job");
    public readonly Counter BodySizeLimitExceeded = registry.CreateCounter("prometheus_target_scrapes_exceeded_body_size_limit_total", "Scrapes whose body was larger than body_size_limit.");
    public readonly Counter SampleLimitExceeded = registry.CreateCounter("prometheus_target_scrapes_exceeded_sample_limit_total", "Scrapes with more samples than sample_limit.");
    public readonly Counter LabelLimitsExceeded = registry.CreateCounter("prometheus_target_scrape_pool_exceeded_label_limits_total", "Scrapes that exceeded one of the label limits.");

    public readonly Counter BucketLimitExceeded = registry.CreateCounter(
        "prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total", "Scrapes with more native histogram buckets than native_histogram_bucket_limit.");

    public readonly Counter CacheFlushForced = registry.CreateCounter("prometheus_target_scrapes_cache_flush_forced_total", "Times that a series cache grew too large without a successful scrape.");
    public readonly Counter DuplicateTimestamp = registry.CreateCounter("prometheus_target_scrapes_sample_duplicate_timestamp_total", "Samples refused because the series had another value at that time.");
    public readonly Counter OutOfOrder = registry.CreateCounter("prometheus_target_scrapes_sample_out_of_order_total", "Samples refused because they were older than the newest of their series.");
    public readonly Counter OutOfBounds = registry.CreateCounter("prometheus_target_scrapes_sample_out_of_bounds_total", "Samples refused because the storage takes none of that time.");
    public readonly Counter ExemplarOutOfOrder = registry.CreateCounter("prometheus_target_scrapes_exemplar_out_of_order_total", "Exemplars refused because they were out of order.");

    /// <summary>Makes the metrics of a pool appear.</summary>
    public void AddPool(string job)
    {
        SymbolTableItems.WithLabels(job).Set(0);
        Syncs.WithLabels(job);
        SyncsFailed.WithLabels(job);
        PoolTargets.WithLabels(job);
        MetadataEntries.WithLabels(job);
        MetadataBytes.WithLabels(job);
    }

    /// <summary>Forgets the metrics of a pool.</summary>
    public void RemovePool(string job)
    {
        foreach (Family<Gauge> family in new[] { TargetLimit, PoolTargets, SymbolTableItems, MetadataEntries, MetadataBytes })
        {
            family.Remove(job);
        }

        Syncs.Remove(job);
        SyncsFailed.Remove(job);
        SyncLength.Remove(job);
    }
}
