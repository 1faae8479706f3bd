using Narthex.Instrumentation;

namespace Narthex.PromQL.Execution;

/// <summary>The engine's <c>prometheus_engine_*</c> metrics.</summary>
internal sealed class EngineMetrics
{
    private readonly Summary _queueTime;
    private readonly Summary _prepareTime;
    private readonly Summary _evalTime;
    private readonly Summary _sortTime;
    private readonly Histogram _queueHistogram;
    private readonly Histogram _prepareHistogram;
    private readonly Histogram _evalHistogram;
    private readonly Histogram _sortHistogram;
    private readonly Gauge _running;
    private readonly Counter _samples;
    private readonly Counter _samplesRead;

    public EngineMetrics(MetricRegistry registry, int maxConcurrency)
    {
        _running = registry.CreateGauge("prometheus_engine_queries", "Queries that run or wait right now.");
        registry.CreateGauge("prometheus_engine_queries_concurrent_max", "How many queries may run at the same time.").Set(maxConcurrency);
        registry.CreateGauge("prometheus_engine_query_log_enabled", "Whether queries are logged.").Set(0);
        registry.CreateCounter("prometheus_engine_query_log_failures_total", "Queries that could not be logged.");
        _samples = registry.CreateCounter("prometheus_engine_query_samples_total", "Samples looked at by queries.");
        _samplesRead = registry.CreateCounter("prometheus_engine_query_samples_read_total", "Samples read from storage by queries.");
        Family<Summary> summaries = registry.CreateSummaryFamily(
            "prometheus_engine_query_duration_seconds", "How long queries take, by slice of the work.", [0.5, 0.9, 0.99], "slice");
        _queueTime = summaries.WithLabels("queue_time");
        _prepareTime = summaries.WithLabels("prepare_time");
        _evalTime = summaries.WithLabels("inner_eval");
        _sortTime = summaries.WithLabels("result_sort");
        Family<Histogram> histograms = registry.CreateHistogramFamily(
            "prometheus_engine_query_duration_histogram_seconds",
            "How long queries take, by slice of the work.",
            [0.01, 0.1, 1, 10, 20, 60, 120],
            "slice");
        _queueHistogram = histograms.WithLabels("queue_time");
        _prepareHistogram = histograms.WithLabels("prepare_time");
        _evalHistogram = histograms.WithLabels("inner_eval");
        _sortHistogram = histograms.WithLabels("result_sort");
    }

    public void Enter() => _running.Increment();

    public void Leave() => _running.Decrement();

    public void Record(QueryStatistics statistics, long samplesRead)
    {
        Observe(_queueTime, _queueHistogram, statistics.ExecQueueTime);
        Observe(_prepareTime, _prepareHistogram, statistics.QueryPreparationTime);
        Observe(_evalTime, _evalHistogram, statistics.InnerEvalTime);
        Observe(_sortTime, _sortHistogram, statistics.ResultSortTime);
        _samples.Increment(statistics.TotalQueryableSamples);
        _samplesRead.Increment(samplesRead);
    }

    private static void Observe(Summary summary, Histogram histogram, TimeSpan elapsed)
    {
        summary.Observe(elapsed.TotalSeconds);
        histogram.Observe(elapsed.TotalSeconds);
    }
}
