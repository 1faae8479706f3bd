using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Functions;

/// <summary>The sliding kernels against a slow twin that looks at each window by itself.</summary>
public sealed class RangeKernelOracleTests
{
    private const long StepMs = 30_000;
    private const long EndMs = 3_600_000;

    [Theory]
    [InlineData("min_over_time(x[{0}])")]
    [InlineData("max_over_time(x[{0}])")]
    [InlineData("ts_of_min_over_time(x[{0}])")]
    [InlineData("ts_of_max_over_time(x[{0}])")]
    [InlineData("quantile_over_time(0.9, x[{0}])")]
    [InlineData("mad_over_time(x[{0}])")]
    [InlineData("changes(x[{0}])")]
    [InlineData("resets(x[{0}])")]
    [InlineData("count_over_time(x[{0}])")]
    [InlineData("last_over_time(x[{0}])")]
    [InlineData("increase(x[{0}])")]
    public async Task Range_query_equals_instant_queries_and_the_slow_twin(string template)
    {
        for (int seed = 1; seed <= 6; seed++)
        {
            var random = new Random(seed);
            var storage = new MemoryStorage();
            var samples = new List<(long TimeMs, double Value)>();
            for (long time = 0; time <= EndMs; time += random.Next(1, 40) * 1000)
            {
                // Few different values, so that ties are common, and a NaN now and then.
                double value = random.Next(20) == 0 ? double.NaN : random.Next(-3, 8);
                samples.Add((time, value));
                storage.Append(Labels.FromStrings("__name__", "x"), time, value);
            }

            long rangeMs = random.Next(5, 600) * 1000;
            string query = string.Format(System.Globalization.CultureInfo.InvariantCulture, template, rangeMs / 1000 + "s");
            using var engine = new QueryEngine(new QueryEngineOptions { EnableExperimentalFunctions = true }, TimeProvider.System, new MetricRegistry());
            using QueryResult range = await engine.QueryRangeAsync(storage, query, new TimeRange(0, EndMs), StepMs, QueryOptions.Default, default);
            Dictionary<long, double> found = range.Matrix.Count == 0
                ? []
                : range.Matrix[0].Timestamps.ToArray().Zip(range.Matrix[0].Values.ToArray()).ToDictionary(p => p.First, p => p.Second);

            for (long time = 0; time <= EndMs; time += StepMs)
            {
                List<(long TimeMs, double Value)> window = samples.FindAll(s => s.TimeMs > time - rangeMs && s.TimeMs <= time);
                double? expected = Slow(template, window, time, rangeMs);
                Assert.True(expected.HasValue == found.ContainsKey(time), $"seed {seed}, {query} at {time}");
                if (expected is { } value)
                {
                    Assert.True(
                        value.Equals(found[time]) || Math.Abs(value - found[time]) < 1e-9 * Math.Max(1, Math.Abs(value)),
                        $"seed {seed}, {query} at {time}: {found[time]} instead of {value}");
                }
            }
        }
    }

    private static double? Slow(string template, List<(long TimeMs, double Value)> window, long time, long rangeMs)
    {
        if (window.Count == 0)
        {
            return null;
        }

        double[] values = [.. window.Select(s => s.Value)];
        switch (template[..template.IndexOf('(', StringComparison.Ordinal)])
        {
            case "count_over_time":
                return values.Length;
            case "last_over_time":
                return values[^1];
            case "changes":
                return values.Zip(values.Skip(1)).Count(p => p.First != p.Second && !(double.IsNaN(p.First) && double.IsNaN(p.Second)));
            case "resets":
                return values.Zip(values.Skip(1)).Count(p => p.Second < p.First);
            case "min_over_time":
                return values.Aggregate((a, b) => b < a || double.IsNaN(a) ? b : a);
            case "max_over_time":
                return values.Aggregate((a, b) => b > a || double.IsNaN(a) ? b : a);
            case "ts_of_min_over_time":
                return window.Aggregate((a, b) => b.Value <= a.Value || double.IsNaN(a.Value) ? b : a).TimeMs / 1000.0;
            case "ts_of_max_over_time":
                return window.Aggregate((a, b) => b.Value >= a.Value || double.IsNaN(a.Value) ? b : a).TimeMs / 1000.0;
            case "quantile_over_time":
                return Quantile(0.9, values);
            case "mad_over_time":
                double median = Quantile(0.5, values);
                return values.Any(double.IsNaN) ? double.NaN : Quantile(0.5, [.. values.Select(v => Math.Abs(v - median))]);
            default:
                return Increase(window, time, rangeMs);
        }
    }

    private static double Quantile(double quantile, double[] values)
    {
        double[] sorted = [.. values.Order()];
        double rank = quantile * (sorted.Length - 1);
        int lower = (int)Math.Floor(rank);
        int upper = Math.Min(lower + 1, sorted.Length - 1);
        double weight = rank - lower;
        return (sorted[lower] * (1 - weight)) + (sorted[upper] * weight);
    }

    // The rule of extrapolation as documented: to the edge if it is near, else by half a distance, and never below zero.
    private static double? Increase(List<(long TimeMs, double Value)> window, long time, long rangeMs)
    {
        if (window.Count < 2)
        {
            return null;
        }

        double increase = window[^1].Value - window[0].Value;
        for (int i = 1; i < window.Count; i++)
        {
            increase += window[i].Value < window[i - 1].Value ? window[i - 1].Value : 0;
        }

        double sampled = (window[^1].TimeMs - window[0].TimeMs) / 1000.0;
        double average = sampled / (window.Count - 1);
        double start = (window[0].TimeMs - (time - rangeMs)) / 1000.0;
        double end = (time - window[^1].TimeMs) / 1000.0;
        start = start >= average * 1.1 ? average / 2 : start;
        end = end >= average * 1.1 ? average / 2 : end;
        if (increase > 0 && window[0].Value >= 0)
        {
            start = Math.Min(start, sampled * window[0].Value / increase);
        }

        return increase * (sampled + start + end) / sampled;
    }
}
