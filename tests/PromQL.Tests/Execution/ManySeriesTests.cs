using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Queries over several series, which work on runs of steps, equal the instant queries at their steps, which see one step each.</summary>
public sealed class ManySeriesTests
{
    private const long StepMs = 30_000;
    private const long EndMs = 1_500_000;

    [Theory]
    [InlineData("sum by (a) (x)")]
    [InlineData("avg by (a) (x)")]
    [InlineData("avg (x * 1e308)")]
    [InlineData("count by (b) (x)")]
    [InlineData("max by (b) (x)")]
    [InlineData("topk by (a) (2, x)")]
    [InlineData("bottomk(1, x)")]
    [InlineData("topk(time() % 150 / 30, x)")]
    [InlineData("bottomk by (b) (3, x + on (a, b) y)")]
    [InlineData("topk(40, x)")]
    [InlineData("count_values by (a) (\"v\", x)")]
    [InlineData("count_values(\"v\", y)")]
    [InlineData("x")]
    [InlineData("timestamp(x)")]
    [InlineData("x > 3")]
    [InlineData("x != bool 2")]
    [InlineData("3 >= x")]
    [InlineData("2 < bool x")]
    [InlineData("x <= on (a, b) y")]
    [InlineData("x == bool on (a, b) y")]
    [InlineData("x + on (a, b) y")]
    [InlineData("(x > 4) or (y < 2)")]
    [InlineData("histogram_quantile(0.3, z)")]
    [InlineData("histogram_quantile(0.9, rate(z[2m]))")]
    [InlineData("histogram_fraction(0.5, 3, z)")]
    [InlineData("sum(rate(x[2m]))")]
    public async Task Range_query_equals_instant_queries(string query)
    {
        using var engine = new QueryEngine(new QueryEngineOptions { EnableExperimentalFunctions = true }, TimeProvider.System, new MetricRegistry());
        for (int seed = 1; seed <= 4; seed++)
        {
            MemoryStorage storage = Fill(new Random(seed), seed);
            using QueryResult range = await engine.QueryRangeAsync(storage, query, new TimeRange(0, EndMs), StepMs, QueryOptions.Default, default);
            var found = new Dictionary<(string, long), double>();
            foreach (MatrixSeries series in range.Matrix)
            {
                for (int i = 0; i < series.Timestamps.Length; i++)
                {
                    found.Add((series.Labels.ToString(), series.Timestamps.Span[i]), series.Values.Span[i]);
                }
            }

            int expected = 0;
            for (long time = 0; time <= EndMs; time += StepMs)
            {
                using QueryResult instant = await engine.QueryInstantAsync(storage, query, time, QueryOptions.Default, default);
                foreach (VectorSample sample in instant.Vector)
                {
                    expected++;
                    Assert.True(found.TryGetValue((sample.Labels.ToString(), time), out double value), $"seed {seed}, {sample.Labels} at {time} is missing");
                    Assert.True(sample.Value.Equals(value), $"seed {seed}, {sample.Labels} at {time}: {value:R} instead of {sample.Value:R}");
                }
            }

            Assert.True(expected > 0 && expected == found.Count, $"seed {seed}: {found.Count} samples instead of {expected}");
        }
    }

    // Gauges x and y and the buckets z, at steady distances and others; series begin late, end early and have holes. Some buckets come and go together.
    private static MemoryStorage Fill(Random random, int seed)
    {
        var storage = new MemoryStorage();
        foreach (string name in (string[])["x", "y"])
        {
            for (int series = 0; series < 6; series++)
            {
                Labels labels = Labels.FromStrings("__name__", name, "a", $"{series % 2}", "b", $"{series}");
                long last = random.Next(2) == 0 ? EndMs : random.Next(500_000, (int)EndMs);
                for (long time = random.Next(3) == 0 ? random.Next(600_000) : 0; time <= last; time += random.Next(4) == 0 && seed % 2 == 0 ? 350_000 : 15_000)
                {
                    storage.Append(labels, time, random.Next(60) == 0 ? StaleNaN.Value : random.Next(60) == 0 ? double.NaN : random.Next(8));
                }
            }
        }

        for (int target = 0; target < 3; target++)
        {
            double[] counts = new double[6];
            string[] bounds = ["0.1", "1", "2.5", "10", "20", "+Inf"];
            long start = random.Next(400_000);
            for (long time = start; time <= EndMs - (target * 300_000); time += 15_000)
            {
                double sum = 0;
                for (int i = 0; i < bounds.Length; i++)
                {
                    counts[i] += random.Next(4);
                    sum += counts[i];
                    bool isLost = target == 2 && random.Next(3) == 0;
                    double dent = random.Next(20) == 0 ? 3 : 0;
                    if (!isLost)
                    {
                        storage.Append(Labels.FromStrings("__name__", "z", "a", $"{target}", "le", bounds[i]), time, Math.Max(0, sum - dent));
                    }
                }
            }
        }

        return storage;
    }
}
