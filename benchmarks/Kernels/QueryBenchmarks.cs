using BenchmarkDotNet.Attributes;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Benchmarks;

/// <summary>Queries over 750 series and six hours at 15 s, in the head; one hour at 15 s steps where it says range.</summary>
[MemoryDiagnoser]
public class QueryBenchmarks
{
    private const long StartMs = 1_767_225_600_000;
    private const long EndMs = StartMs + (6 * 3600_000);
    private readonly HeadStorage _head = new();
    private QueryEngine _engine = null!;

    [GlobalSetup]
    public void Setup()
    {
        using IAppender appender = _head.OpenAppender();
        var series = new List<SeriesRef>();
        for (int i = 0; i < 750; i++)
        {
            series.Add(appender.GetOrAddSeries(Labels.FromStrings(
                "__name__", "http_requests_total", "handler", $"/api/{i % 25}", "code", i % 3 == 0 ? "500" : "200", "instance", $"host-{i / 75}")));
        }

        for (long time = StartMs; time <= EndMs; time += 15_000)
        {
            for (int i = 0; i < series.Count; i++)
            {
                appender.Append(series[i], time, (time - StartMs) / 1000 * (i % 7 + 1));
            }

            appender.Commit();
        }

        _engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
    }

    [Benchmark]
    public void Instant_vector() => Instant("http_requests_total");

    [Benchmark]
    public void Instant_sum_by_rate() => Instant("sum by (handler) (rate(http_requests_total[5m]))");

    [Benchmark]
    public void Range_sum_by_rate() => Range("sum by (handler) (rate(http_requests_total[5m]))");

    [Benchmark]
    public void Range_max_over_time() => Range("max_over_time(http_requests_total{handler=\"/api/1\"}[10m])");

    [Benchmark]
    public void Range_ratio() => Range("sum by (handler) (rate(http_requests_total{code=\"500\"}[5m])) / sum by (handler) (rate(http_requests_total[5m]))");

    private void Instant(string query) =>
        _engine.QueryInstantAsync(_head, query, EndMs, QueryOptions.Default, CancellationToken.None).GetAwaiter().GetResult().Dispose();

    private void Range(string query) =>
        _engine.QueryRangeAsync(_head, query, new TimeRange(EndMs - 3600_000, EndMs), 15_000, QueryOptions.Default, CancellationToken.None).GetAwaiter().GetResult().Dispose();
}
