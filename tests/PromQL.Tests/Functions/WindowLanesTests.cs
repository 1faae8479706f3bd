using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Functions;

/// <summary>Windows side by side have the bits that each has alone: a range query equals the instant queries at its steps, which see one window each.</summary>
public sealed class WindowLanesTests
{
    private const long StepMs = 30_000;
    private const long EndMs = 1_500_000;

    [Theory]
    [InlineData("sum_over_time(x[5m])")]
    [InlineData("avg_over_time(x[5m])")]
    [InlineData("avg_over_time(x[31s])")]
    [InlineData("deriv(x[5m])")]
    [InlineData("deriv(x[7m])")]
    [InlineData("predict_linear(x[5m], 3600)")]
    [InlineData("predict_linear(x[2m] offset 7s, -60)")]
    [InlineData("rate(x[5m])")]
    [InlineData("increase(x[1m])")]
    [InlineData("delta(x[5m])")]
    [InlineData("rate(x[40s])")]
    [InlineData("rate(x[5m] offset -1m)")]
    [InlineData("resets(x[5m])")]
    [InlineData("changes(x[5m])")]
    [InlineData("quantile_over_time(0.3, x[5m])")]
    [InlineData("quantile_over_time(0.9, x[24m])")]
    [InlineData("sum_over_time(x[1h])")]
    [InlineData("avg_over_time(x[20m])")]
    [InlineData("avg_over_time(x[1h] offset 3m)")]
    [InlineData("avg_over_time(x[10m] @ 900)")]
    [InlineData("stddev_over_time(x[1h])")]
    [InlineData("stdvar_over_time(x[5m])")]
    [InlineData("deriv(x[1h])")]
    [InlineData("deriv(x[15m] offset -1m)")]
    [InlineData("predict_linear(x[1h], 3600)")]
    [InlineData("predict_linear(x[20m] offset 90s, 14400)")]
    [InlineData("predict_linear(x[20m] @ 1000, time())")]
    [InlineData("increase(x[1h])")]
    [InlineData("rate(x[20m])")]
    [InlineData("min_over_time(x[1h])")]
    [InlineData("quantile_over_time(0.5, x[1h])")]
    public async Task Range_query_has_the_bits_of_instant_queries(string query)
    {
        using var engine = new QueryEngine(new QueryEngineOptions { EnableExperimentalFunctions = true }, TimeProvider.System, new MetricRegistry());
        for (int seed = 1; seed <= 7; seed++)
        {
            var random = new Random(seed);
            MemoryStorage storage = Fill(random, seed);
            long step = StepMs * random.Next(1, 3) / (seed % 4 == 0 ? 2 : 1);
            using QueryResult range = await engine.QueryRangeAsync(storage, query, new TimeRange(0, EndMs), step, QueryOptions.Default, default);
            Dictionary<long, double> found = range.Matrix.Count == 0
                ? []
                : range.Matrix[0].Timestamps.ToArray().Zip(range.Matrix[0].Values.ToArray()).ToDictionary(p => p.First, p => p.Second);
            for (long time = 0; time <= EndMs; time += step)
            {
                using QueryResult instant = await engine.QueryInstantAsync(storage, query, time, QueryOptions.Default, default);
                Assert.True(instant.Vector.Count == 1 == found.ContainsKey(time), $"seed {seed}, {query} at {time}");
                if (instant.Vector.Count == 1)
                {
                    double expected = instant.Vector[0].Value;

                    // Which of two zeros comes first in the order of a window is nobody's promise.
                    Assert.True(
                        (expected == 0 && found[time] == 0 && query.StartsWith("quantile", StringComparison.Ordinal))
                            || BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(found[time])
                            || (double.IsNaN(expected) && double.IsNaN(found[time])),
                        $"seed {seed}, {query} at {time}: {found[time]:R} instead of {expected:R}");
                }
            }
        }
    }

    // Steady scrapes, scrapes with a jitter, gaps, series that begin late or end early; gauges of all sizes, counters with resets, constants, zeros of both signs, and what is not finite.
    private static MemoryStorage Fill(Random random, int seed)
    {
        var storage = new MemoryStorage();
        long distance = 15_000 / random.Next(1, 4);
        double value = random.Next(4) * 1000;
        long lastMs = seed % 2 == 0 ? EndMs + 120_000 : random.Next(600_000, (int)EndMs);
        for (long time = random.Next(2) == 0 ? 0 : random.Next(400_000); time <= lastMs; time += distance)
        {
            value = (seed % 7) switch
            {
                0 => value,
                1 => value + random.Next(0, 5),
                2 => random.Next(60) == 0 ? random.Next(10) : value + random.NextDouble(),
                3 => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-30, 30)),
                4 => random.Next(40) == 0 ? random.Next(3) switch { 0 => double.NaN, 1 => double.PositiveInfinity, _ => double.MaxValue } : random.Next(5),
                5 => random.Next(2) == 0 ? 0.0 : -0.0,
                _ => random.Next(30) == 0 ? random.Next(100) : value,
            };
            if (seed % 3 == 0 && random.Next(50) == 0)
            {
                continue;
            }

            storage.Append(Labels.FromStrings("__name__", "x"), time + (seed % 5 == 0 ? random.Next(40) : 0), value);
        }

        return storage;
    }
}
