using System.Diagnostics;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.PromQL.Execution;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Benchmarks;

/// <summary>Best-of-several times of typical dashboard queries over six hours at 15 s in the head: a quick look, without statistics.</summary>
internal static class QueryTimes
{
    private const long StartMs = 1_767_225_600_000;
    private const long EndMs = StartMs + (6 * 3600_000);
    private const int Runs = 25;

    private static readonly (string Query, int WindowSeconds, int StepSeconds)[] s_queries =
    [
        ("latency_bucket", 0, 0),
        ("{__name__=~\"temperature|load|memory_.*\"}", 0, 0),
        ("increase(requests_total[1h])", 0, 0),
        ("sum(resets(requests_total[6h]))", 0, 0),
        ("max_over_time(sum(rate(requests_total[5m]))[6h:1m])", 0, 0),
        ("rate(requests_total[5m])", 3600, 15),
        ("sum by (handler, code) (rate(requests_total[5m]))", 21600, 60),
        ("sum by (handler) (rate(requests_total{code=~\"5..\"}[5m])) / sum by (handler) (rate(requests_total[5m]))", 21600, 60),
        ("1 - avg by (instance) (rate(requests_total{code=\"200\"}[5m]))", 21600, 60),
        ("histogram_quantile(0.99, sum by (le, handler) (rate(latency_bucket[5m])))", 21600, 60),
        ("histogram_quantile(0.9, rate(latency_bucket[5m]))", 3600, 15),
        ("topk(5, sum by (instance) (rate(requests_total[5m])))", 21600, 60),
        ("avg_over_time(memory_free[10m])", 21600, 60),
        ("quantile_over_time(0.95, temperature[30m])", 3600, 30),
        ("max_over_time(sum by (job) (rate(requests_total[1m]))[30m:1m])", 3600, 60),
        ("sum by (instance) (rate(requests_total[5m])) * on (instance) group_left (version) build_info", 21600, 60),
        ("count by (__name__) ({__name__=~\"memory_.*|temperature|load\"})", 3600, 60),
        ("count_values(\"length\", queue)", 3600, 60),
        ("sum by (host) (label_replace(rate(requests_total[5m]), \"host\", \"$1\", \"instance\", \"(.*):.*\"))", 3600, 30),
        ("(temperature > 40) or (load > 1.2)", 21600, 60),
        ("predict_linear(memory_free[1h], 4 * 3600) < 1e9", 3600, 60),
        ("sum(latency_bucket)", 21600, 15),
    ];

    /// <summary>Prints milliseconds and kilobytes allocated for each query.</summary>
    public static void Run(TextWriter output)
    {
        var head = new HeadStorage();
        Fill(head);
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        foreach ((string query, int window, int step) in s_queries)
        {
            double best = double.MaxValue;
            double cpu = double.MaxValue;
            long allocated = 0;
            for (int run = 0; run < Runs; run++)
            {
                long before = GC.GetTotalAllocatedBytes();
                TimeSpan cpuBefore = Environment.CpuUsage.TotalTime;
                long started = Stopwatch.GetTimestamp();
                using (Execute(engine, head, query, window, step))
                {
                    best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                    cpu = Math.Min(cpu, (Environment.CpuUsage.TotalTime - cpuBefore).TotalMilliseconds);
                    allocated = GC.GetTotalAllocatedBytes() - before;
                }
            }

            output.WriteLine($"{best,8:F2} ms {cpu,8:F2} ms CPU {allocated / 1024,8} KiB  {query}");
        }
    }

    private static QueryResult Execute(QueryEngine engine, HeadStorage head, string query, int window, int step) =>
        (window == 0
            ? engine.QueryInstantAsync(head, query, EndMs, QueryOptions.Default, CancellationToken.None)
            : engine.QueryRangeAsync(
                head, query, new TimeRange(EndMs - (window * 1000L), EndMs), step * 1000L, QueryOptions.Default, CancellationToken.None))
        .GetAwaiter().GetResult();

    private static void Fill(HeadStorage head)
    {
        using IAppender appender = head.OpenAppender();
        var series = new List<(SeriesRef Ref, int Kind)>();
        string[] bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"];
        for (int i = 0; i < 50; i++)
        {
            string instance = $"host-{i:D3}:9100";
            void Add(int kind, string name, params string[] labels) =>
                series.Add((appender.GetOrAddSeries(Labels.FromStrings([.. labels, "__name__", name, "instance", instance, "job", "api"])), kind));

            for (int j = 0; j < 15; j++)
            {
                Add(j + 1, "requests_total", "handler", $"/api/v1/{j % 5}", "code", j % 3 == 0 ? "200" : j % 3 == 1 ? "404" : "500");
            }

            for (int j = 0; j < 36; j++)
            {
                Add(j % 12 + 1, "latency_bucket", "handler", $"/api/v1/{j / 12}", "le", bounds[j % 12]);
            }

            Add(-1, "temperature");
            Add(-2, "load");
            Add(-3, "memory_free");
            Add(-3, "memory_used");
            Add(-4, "queue");
            Add(-5, "build_info", "version", $"1.{i % 3}");
        }

        var random = new Random(1);
        double[] values = new double[series.Count];
        for (long time = StartMs; time <= EndMs; time += 15_000)
        {
            for (int i = 0; i < series.Count; i++)
            {
                values[i] = series[i].Kind switch
                {
                    -1 => 30 + Math.Round(random.NextDouble() * 20, 1),
                    -2 => Math.Round(random.NextDouble() * 2, 2),
                    -3 => 4096L * random.Next(100_000, 1_000_000),
                    -4 => random.Next(10),
                    -5 => 1,
                    int kind => values[i] + random.Next(kind * 20),
                };
                appender.Append(series[i].Ref, time + i % 7, values[i]);
            }

            appender.Commit();
        }
    }
}
