using Narthex.Instrumentation;

namespace Narthex.Scraping;

/// <summary>The metrics that scraping keeps about itself, under upstream's names.</summary>
internal sealed class ScrapeMetrics
{
    private static readonly double[] Seconds = [0.01, 0.1, 1, 10];
    private static readonly double[] Quantiles = [0.01, 0.05, 0.5, 0.9, 0.99];

    public ScrapeMetrics(MetricRegistry registry)
    {
        IntervalLength = registry.CreateSummaryFamily("prometheus_target_interval_length_seconds", "Actual intervals between scrapes.", Quantiles, "interval");
        SyncLength = registry.CreateSummaryFamily("prometheus_target_sync_length_seconds", "Time taken to bring a scrape pool up to date.", Quantiles, "scrape_job");
        IntervalLengthHistogram = registry.CreateHistogramFamily("prometheus_target_interval_length_histogram_seconds", "Actual intervals between scrapes.", Seconds, "interval");
        SyncLengthHistogram = registry.CreateHistogramFamily("prometheus_target_sync_length_histogram_seconds", "Time taken to bring a scrape pool up to date.", Seconds, "scrape_job");
        ReloadLength = registry.CreateSummaryFamily("prometheus_target_reload_length_seconds", "Time taken to bring a scrape pool over to another configuration.", Quantiles, "interval");
        ScrapeDuration = registry.CreateHistogram("prometheus_target_scrape_duration_seconds", "Time taken by scrapes, from their beginning until everything is stored.", Seconds);
        PoolSyncs = registry.CreateCounterFamily("prometheus_target_scrape_pool_sync_total", "Times that a scrape pool was brought up to date.", "scrape_job");
        PoolTargets = registry.CreateGaugeFamily("prometheus_target_scrape_pool_targets", "Targets of a scrape pool.", "scrape_job");
        PoolTargetLimit = registry.CreateGaugeFamily("prometheus_target_scrape_pool_target_limit", "The most targets that a scrape pool takes, 0 for no limit.", "scrape_job");
        PoolSymbols = registry.CreateGaugeFamily("prometheus_target_scrape_pool_symboltable_items", "Symbols that a scrape pool keeps for its labels. Always 0: labels hold their own text.", "scrape_job");
        SyncFailures = registry.CreateCounterFamily("prometheus_target_sync_failed_total", "Targets that could not be made of what discovery found.", "scrape_job");
        Pools = registry.CreateCounter("prometheus_target_scrape_pools_total", "Scrape pools created.");
        PoolsFailed = registry.CreateCounter("prometheus_target_scrape_pools_failed_total", "Scrape pools that could not be created.");
        Reloads = registry.CreateCounter("prometheus_target_scrape_pool_reloads_total", "Reloads of scrape pools.");
        ReloadsFailed = registry.CreateCounter("prometheus_target_scrape_pool_reloads_failed_total", "Reloads of scrape pools that failed.");
        TargetLimitExceeded = registry.CreateCounter("prometheus_target_scrape_pool_exceeded_target_limit_total", "Times that a scrape pool had more targets than it takes.");
        LabelLimitExceeded = registry.CreateCounter("prometheus_target_scrape_pool_exceeded_label_limits_total", "Scrapes refused for a limit on labels.");
        SampleLimitExceeded = registry.CreateCounter("prometheus_target_scrapes_exceeded_sample_limit_total", "Scrapes refused for the limit on samples.");
        BucketLimitExceeded = registry.CreateCounter("prometheus_target_scrapes_exceeded_native_histogram_bucket_limit_total", "Scrapes refused for the limit on buckets of native histograms.");
        BodySizeLimitExceeded = registry.CreateCounter("prometheus_target_scrapes_exceeded_body_size_limit_total", "Scrapes refused for the limit on the body's size.");
        DuplicateTimestamps = registry.CreateCounter("prometheus_target_scrapes_sample_duplicate_timestamp_total", "Samples refused because another value stands at their time.");
        OutOfOrder = registry.CreateCounter("prometheus_target_scrapes_sample_out_of_order_total", "Samples refused because their series has newer ones.");
        OutOfBounds = registry.CreateCounter("prometheus_target_scrapes_sample_out_of_bounds_total", "Samples refused because they are too old or too far in the future.");
        ExemplarsOutOfOrder = registry.CreateCounter("prometheus_target_scrapes_exemplar_out_of_order_total", "Exemplars refused because their series has newer ones.");
        CacheFlushes = registry.CreateCounter("prometheus_target_scrapes_cache_flush_forced_total", "Series caches emptied because scrapes kept failing.");
    }

    public Family<Summary> IntervalLength { get; }

    public Family<Summary> SyncLength { get; }

    public Family<Histogram> IntervalLengthHistogram { get; }

    public Family<Histogram> SyncLengthHistogram { get; }

    public Family<Summary> ReloadLength { get; }

    public Histogram ScrapeDuration { get; }

    public Family<Counter> PoolSyncs { get; }

    public Family<Gauge> PoolTargets { get; }

    public Family<Gauge> PoolTargetLimit { get; }

    public Family<Gauge> PoolSymbols { get; }

    public Family<Counter> SyncFailures { get; }

    public Counter Pools { get; }

    public Counter PoolsFailed { get; }

    public Counter Reloads { get; }

    public Counter ReloadsFailed { get; }

    public Counter TargetLimitExceeded { get; }

    public Counter LabelLimitExceeded { get; }

    public Counter SampleLimitExceeded { get; }

    public Counter BodySizeLimitExceeded { get; }

    public Counter BucketLimitExceeded { get; }

    public Counter DuplicateTimestamps { get; }

    public Counter OutOfOrder { get; }

    public Counter OutOfBounds { get; }

    public Counter ExemplarsOutOfOrder { get; }

    public Counter CacheFlushes { get; }

    /// <summary>Counts a failed scrape under the limit that it broke, if any.</summary>
    public void Count(ScrapeFailure failure)
    {
        Counter? counter = failure switch
        {
            ScrapeFailure.BodySizeLimit => BodySizeLimitExceeded,
            ScrapeFailure.BucketLimit => BucketLimitExceeded,
            ScrapeFailure.SampleLimit => SampleLimitExceeded,
            ScrapeFailure.LabelLimit => LabelLimitExceeded,
            _ => null,
        };
        counter?.Increment();
    }

    /// <summary>Forgets what belongs to a pool that is gone.</summary>
    public void RemovePool(string job)
    {
        SyncLength.Remove(job);
        SyncLengthHistogram.Remove(job);
        PoolSyncs.Remove(job);
        PoolTargets.Remove(job);
        PoolTargetLimit.Remove(job);
        PoolSymbols.Remove(job);
        SyncFailures.Remove(job);
    }
}
