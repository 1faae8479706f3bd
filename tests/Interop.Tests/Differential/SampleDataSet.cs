using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Two hours of series that are hard on an engine: resets, gaps, staleness markers, values that no arithmetic likes, histograms of all kinds.</summary>
internal static class SampleDataSet
{
    public const long StartSeconds = 1_767_225_600;
    public const long EndSeconds = StartSeconds + 7200;

    private const int StepSeconds = 15;

    // So high that no rate of a native histogram is extrapolated to less than zero, which only 3.14 avoids. native_young begins at zero.
    private const int CountMin = 300;
    private static readonly double s_stale = BitConverter.Int64BitsToDouble(0x7ff0000000000002);
    private static readonly double[] s_hardValues =
        [0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 5e-324, 1.7976931348623157e308, 0.1, -1e300, 1e15 + 0.3, 1e21, 1e-7];

    /// <summary>All series with all their samples.</summary>
    public static IEnumerable<RemoteWriteClient.Series> Create()
    {
        foreach (string job in (string[])["api", "web"])
        {
            for (int instance = 0; instance < 3; instance++)
            {
                foreach (string code in (string[])["200", "404", "500"])
                {
                    int reset = 97 + (instance * 61) + code[0];
                    int slope = (instance + 1) * (code[0] - '0');
                    yield return Floats(step => step % reset * slope * 1.25, ("__name__", "requests_total"), ("code", code), ("instance", $"host-{instance}:9100"), ("job", job));
                }

                int phase = instance + job[0];
                yield return Floats(step => 100 * Math.Sin((step + phase) * 0.05), ("__name__", "temperature"), ("instance", $"host-{instance}:9100"), ("job", job));
                yield return Floats(_ => 1, ("__name__", "target_info"), ("instance", $"host-{instance}:9100"), ("job", job), ("version", $"1.{instance}"), ("zone", job == "api" ? "a" : "b"));
            }
        }

        foreach (RemoteWriteClient.Series series in Shapes().Concat(Pairs()).Concat(ClassicHistograms()).Concat(NativeHistograms()))
        {
            yield return series;
        }
    }

    /// <summary>The histograms once more, in a form of which 3.5 answers as 3.14 answers of the first one.</summary>
    /// <remarks>Custom buckets have the bounds that all of them have.</remarks>
    public static IEnumerable<RemoteWriteClient.Series> CreateEquivalent() =>
        Create().Where(series => series.Labels[0].Value is not "native_custom")
            .Concat(Enumerable.Range(0, 2).Select(instance => Histograms(step => Custom(CountMin + (step % 170), instance + 1, instance) with { CustomValues = [0.1, 0.5, 1] }, ("__name__", "native_custom"), ("instance", $"{instance}"))));

    private static IEnumerable<RemoteWriteClient.Series> Shapes()
    {
        for (int kind = 0; kind < 4; kind++)
        {
            int shift = kind * 5;
            yield return Floats(step => s_hardValues[(step + shift) % s_hardValues.Length], ("__name__", "hard"), ("kind", $"k{kind}"));
        }

        for (int i = 0; i < s_hardValues.Length; i++)
        {
            double value = s_hardValues[i];
            yield return Floats(_ => value, ("__name__", "steady"), ("which", $"{i:00}"));
        }

        yield return Floats(step => step / 40 % 3 == 1 ? null : step, ("__name__", "gaps"), ("length", "10m"));
        yield return Floats(step => step / 3 % 2 == 1 ? null : step, ("__name__", "gaps"), ("length", "45s"));
        yield return Floats(step => step % 20 == 7 ? s_stale : step % 20 is > 7 and < 12 ? null : step * 2, ("__name__", "stale"), ("ends", "often"));
        yield return Floats(step => step == 200 ? s_stale : step < 200 ? step : null, ("__name__", "stale"), ("ends", "once"));
        yield return Floats(step => step == 240 ? 42 : null, ("__name__", "single"));
        yield return Floats(step => step is 240 or 241 ? step : null, ("__name__", "twice"));
        yield return Floats(step => step < 240 ? step * 3 : null, ("__name__", "early"));
        yield return Floats(step => step >= 240 ? step * 3 : null, ("__name__", "late"));
        yield return Floats(step => 1e15 + (step * 1e3), ("__name__", "large_total"));
        yield return Floats(step => step % 7, ("__name__", "seven"), ("a", "1"));
        yield return Floats(step => step % 7, ("__name__", "seven"), ("a", "2"));
        yield return Floats(step => step + 0.5, ("__name__", "dotted.name"), ("label.with.dots", "ü"), ("\u4e16", "\u754c"));
        yield return Floats(step => -step, ("__name__", "dotted.name"), ("label.with.dots", "quote\"back\\slash\nline"));
        yield return Floats(step => StartSeconds + (step * 86_400.0 * 11), ("__name__", "moment_seconds"));
        yield return Irregular("irregular", 3, counter: false);
        yield return Irregular("irregular_total", 8, counter: true);
    }

    private static IEnumerable<RemoteWriteClient.Series> Pairs()
    {
        foreach (string x in (string[])["p", "q", "r"])
        {
            foreach (string y in (string[])["1", "2"])
            {
                int factor = x[0] + y[0];
                yield return Floats(step => x == "r" && step > 300 ? null : (step % 50) + factor, ("__name__", "many"), ("x", x), ("y", y));
            }

            yield return Floats(step => x == "p" && step < 150 ? null : x[0] - (step / 100), ("__name__", "one"), ("x", x), ("team", "t" + x));
        }

        yield return Floats(step => step % 3, ("__name__", "one"), ("x", "s"));
        yield return Floats(step => step < 240 ? 1 : null, ("__name__", "role"), ("x", "p"), ("role", "primary"));
        yield return Floats(step => step >= 240 ? 1 : null, ("__name__", "role"), ("x", "p"), ("role", "backup"));
    }

    private static IEnumerable<RemoteWriteClient.Series> ClassicHistograms()
    {
        string[] bounds = ["0.1", "0.5", "1", "2.5", "+Inf"];
        foreach (string handler in (string[])["/", "/api", "/odd", "/open"])
        {
            for (int b = 0; b < bounds.Length; b++)
            {
                if (handler == "/open" && b == bounds.Length - 1)
                {
                    continue; // No highest bucket.
                }

                int bucket = b;
                bool sinks = handler == "/odd" && b == 2; // Fewer than the bucket below it.
                yield return Floats(
                    step => (step % 180 * (bucket + 1) * (handler.Length + 1)) - (sinks ? step % 180 * 2.0 * (handler.Length + 1) : 0),
                    ("__name__", "latency_seconds_bucket"), ("handler", handler), ("le", bounds[b]));
            }

            yield return Floats(step => step % 180 * 0.7, ("__name__", "latency_seconds_sum"), ("handler", handler));
            yield return Floats(step => step % 180 * 5 * (handler.Length + 1), ("__name__", "latency_seconds_count"), ("handler", handler));
        }

        yield return Floats(step => step, ("__name__", "broken_bucket"), ("le", "not a number"));
        yield return Floats(step => step, ("__name__", "broken_bucket"), ("le", "1"));
        yield return Floats(step => step, ("__name__", "unbounded_bucket"));
    }

    private static IEnumerable<RemoteWriteClient.Series> NativeHistograms()
    {
        for (int instance = 0; instance < 2; instance++)
        {
            int factor = instance + 1;
            Func<int, NativeHistogram> seconds = step => Exponential(CountMin + (step % 150), factor, schema: factor - 1);
            Func<int, NativeHistogram> custom = step => Custom(CountMin + (step % 170), factor, factor - 1);
            Func<int, NativeHistogram> young = step => Exponential(step % 150, factor, schema: factor);
            yield return Histograms(seconds, ("__name__", "native_seconds"), ("instance", $"{instance}"));
            yield return Histograms(step => Exponential(CountMin + (step % 13), factor, schema: 2) with { Hint = 3 }, ("__name__", "native_gauge"), ("instance", $"{instance}"));
            yield return Histograms(custom, ("__name__", "native_custom"), ("instance", $"{instance}"));
            yield return Histograms(young, ("__name__", "native_young"), ("instance", $"{instance}"));

            // Their counts as floats, for rates that 3.5 knows only of floats.
            yield return Floats(step => seconds(step).Count, ("__name__", "seconds_count"), ("instance", $"{instance}"));
            yield return Floats(step => custom(step).Count, ("__name__", "custom_count"), ("instance", $"{instance}"));
            yield return Floats(step => young(step).Count, ("__name__", "young_count"), ("instance", $"{instance}"));
        }

        yield return Histograms(step => Exponential(step % 20, 1, schema: 0) with { Sum = double.NaN, NanCount = step % 7 }, ("__name__", "native_nan"));
        yield return Mixed(step => step / 30 % 2 == 0, ("__name__", "native_mixed"), ("kind", "alternating"));
        yield return Mixed(step => step > 240, ("__name__", "native_mixed"), ("kind", "migrated"));
        yield return Histograms(_ => new NativeHistogram { Schema = 0 }, ("__name__", "native_empty"));
        yield return Histograms(step => step == 200 ? NativeHistogram.Stale : step > 200 ? null : Exponential(CountMin + step, 1, 1), ("__name__", "native_stale"));
    }

    private static NativeHistogram Exponential(int n, int factor, int schema) => new()
    {
        Schema = schema,
        ZeroThreshold = 0.001,
        ZeroCount = n,
        PositiveSpans = [(-1, 2), (2, 3)],
        PositiveCounts = [n, 2 * n * factor, n / 2, 3 * n, n * factor],
        NegativeSpans = [(1, 2)],
        NegativeCounts = [n / 3, n],
        Sum = n * 1.75 * factor,
    };

    private static NativeHistogram Custom(int n, int factor, int instance) => new()
    {
        Schema = -53,
        PositiveSpans = [(0, 2), (1, 1)],
        PositiveCounts = [n, n * factor, 2 * n],
        CustomValues = instance == 0 ? [0.1, 0.5, 1, 2.5] : [0.1, 0.5, 1, 5],
        Sum = n * 0.9,
    };

    private static RemoteWriteClient.Series Floats(Func<int, double?> value, params (string, string)[] labels) =>
        new(labels, [.. Steps().Select(step => (TimeMs(step), Value: value(step))).Where(s => s.Value is not null).Select(s => (s.Item1, s.Value!.Value))]);

    private static RemoteWriteClient.Series Histograms(Func<int, NativeHistogram?> histogram, params (string, string)[] labels) =>
        new(labels, []) { Histograms = [.. Steps().Select(step => (TimeMs(step), Value: histogram(step))).Where(s => s.Value is not null).Select(s => (s.Item1, s.Value!.Encode(s.Item1)))] };

    private static RemoteWriteClient.Series Mixed(Func<int, bool> isHistogram, params (string, string)[] labels) =>
        new(labels, [.. Steps().Where(step => !isHistogram(step)).Select(step => (TimeMs(step), (double)step))])
        {
            Histograms = [.. Steps().Where(isHistogram).Select(step => (TimeMs(step), Exponential(CountMin + step, 1, 1).Encode(TimeMs(step))))],
        };

    private static RemoteWriteClient.Series Irregular(string name, int seed, bool counter)
    {
        var random = new Random(seed);
        var samples = new List<(long, double)>();
        double value = 0;
        for (long time = StartSeconds * 1000; time < EndSeconds * 1000; time += random.Next(400, 47_000))
        {
            value = !counter ? random.NextDouble() - 0.5 : random.Next(40) == 0 ? 0 : value + random.Next(100);
            samples.Add((time, value));
        }

        return new([("__name__", name)], samples);
    }

    private static IEnumerable<int> Steps() => Enumerable.Range(0, (int)(EndSeconds - StartSeconds) / StepSeconds);

    private static long TimeMs(int step) => (StartSeconds + (step * StepSeconds)) * 1000;
}
