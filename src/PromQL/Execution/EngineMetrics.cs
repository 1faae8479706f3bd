using Narthex.Instrumentation;

namespace Narthex.PromQL.Execution;

/// <summary>The engine's <c>prometheus_engine_*</c> metrics.</summary>
internal sealed class EngineMetrics
{
    private readonly Slice _queueTime;
    private readonly Slice _prepareTime;
    private readonly Slice _evalTime;
    private readonly Slice _sortTime;
    private readonly Gauge _running;
    private readonly Gauge _logEnabled;
    private readonly Counter _logFailures;
    private readonly Counter _samples;
    private readonly Counter _samplesRead;

    public EngineMetrics(MetricRegistry registry, int maxConcurrency)
    {
        _running = registry.CreateGauge("prometheus_engine_queries", "Queries that run or wait right now.");
        registry.CreateGauge("prometheus_engine_queries_concurrent_max", "How many queries may run at the same time.").Set(maxConcurrency);
        _logEnabled = registry.CreateGauge("prometheus_engine_query_log_enabled", "Whether queries are logged.");
        _logEnabled.Set(0);
        _logFailures = registry.CreateCounter("prometheus_engine_query_log_failures_total", "Queries that could not be logged.");
        _samples = registry.CreateCounter("prometheus_engine_query_samples_total", "Samples looked at by queries; windows count whole at each step.");
        _samplesRead = registry.CreateCounter(
            "prometheus_engine_query_samples_read_total", "Samples read by queries; windows count at each step what the one before did not hold.");
        Family<Summary> summaries = registry.CreateSummaryFamily(
            "prometheus_engine_query_duration_seconds", "How long queries take, by slice of the work.", [0.5, 0.9, 0.99], "slice");
        Family<Histogram> histograms = registry.CreateHistogramFamily(
            "prometheus_engine_query_duration_histogram_seconds", "How long queries take, by slice of the work.", [0.01, 0.1, 1, 10], "slice");
        _queueTime = new Slice(summaries, histograms, "queue_time");
        _prepareTime = new Slice(summaries, histograms, "prepare_time");
        _evalTime = new Slice(summaries, histograms, "inner_eval");
        _sortTime = new Slice(summaries, histograms, "result_sort");
    }

    public void Enter() => _running.Increment();

    /// <summary>Whether queries are logged from now on.</summary>
    public void SetLogEnabled(bool enabled) => _logEnabled.Set(enabled ? 1 : 0);

    public void CountLogFailure() => _logFailures.Increment();

    /// <summary>A query has left the queue, for its evaluation or because it gave up.</summary>
    public void RecordQueue(TimeSpan waited) => _queueTime.Observe(waited);

    /// <summary>A query has ended, well or not. What it did not get to is not observed.</summary>
    public void Leave(QueryRun run)
    {
        _running.Decrement();
        QueryStatistics statistics = run.Statistics;
        _samples.Increment(statistics.TotalQueryableSamples);
        _samplesRead.Increment(statistics.SamplesRead);
        if (run.HasStarted)
        {
            _prepareTime.Observe(statistics.QueryPreparationTime);
            _evalTime.Observe(statistics.InnerEvalTime);
        }

        if (run.HasSorted)
        {
            _sortTime.Observe(statistics.ResultSortTime);
        }
    }

    // Upstream has each slice as a summary and as a histogram.
    private sealed class Slice(Family<Summary> summaries, Family<Histogram> histograms, string name)
    {
        private readonly Summary _summary = summaries.WithLabels(name);
        private readonly Histogram _histogram = histograms.WithLabels(name);

        public void Observe(TimeSpan elapsed)
        {
            _summary.Observe(elapsed.TotalSeconds);
            _histogram.Observe(elapsed.TotalSeconds);
        }
    }
}
