using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>What <see cref="SampleDataSet"/> lacks: names that clash once they are dropped, and native histograms that change their form.</summary>
/// <remarks>Counts begin high, so that no rate is extrapolated to less than zero, which only 3.14 avoids.</remarks>
internal static class OddDataSet
{
    private const int StepSeconds = 15;
    private const int StepCount = 480;

    /// <summary>All series with all their samples, in the time of the other set.</summary>
    public static IEnumerable<RemoteWriteClient.Series> Create() => Clashes().Concat(Histograms());

    // The same labels under several names: always, never at the same time, and in turns.
    private static IEnumerable<RemoteWriteClient.Series> Clashes()
    {
        yield return Floats(step => step, ("__name__", "clash_a"), ("l", "1"), ("m", "x"));
        yield return Floats(step => 2 * step, ("__name__", "clash_b"), ("l", "1"), ("m", "x"));
        yield return Floats(step => step < 240 ? step % 9 : null, ("__name__", "clash_a"), ("l", "2"));
        yield return Floats(step => step >= 240 + 25 ? step % 11 : null, ("__name__", "clash_b"), ("l", "2"));
        yield return Floats(step => step % 60 < 20 ? step : step % 60 == 20 ? Stale : null, ("__name__", "clash_a"), ("l", "3"), ("m", "y"));
        yield return Floats(step => step % 60 is >= 30 and < 50 ? -step : step % 60 == 50 ? Stale : null, ("__name__", "clash_c"), ("l", "3"), ("m", "y"));
        yield return Floats(step => step % 4, ("__name__", "clash_c"), ("l", "4"), ("m", "quote\" back\\slash"));
    }

    private static IEnumerable<RemoteWriteClient.Series> Histograms()
    {
        for (int instance = 0; instance < 2; instance++)
        {
            int factor = instance + 1;
            int kind = instance;
            yield return Native(step => Custom(300 + (step % 170), factor), ("__name__", "native_shared"), ("instance", $"{instance}"));
            yield return Native(step => Exponential(400 + (3 * step), 1) with { IsInteger = true, Hint = kind == 0 ? 0 : 3 }, ("__name__", "native_integer"), ("kind", $"{instance}"));
        }

        yield return Native(step => Exponential(500 + step, 2) with { ZeroThreshold = 0 }, ("__name__", "native_zero"), ("z", "none"));
        yield return Native(step => Exponential(500 + step, 2) with { ZeroThreshold = 0.1, NegativeSpans = [(-3, 2)] }, ("__name__", "native_zero"), ("z", "wide"));
        yield return Native(step => Exponential(500 + step, 2) with { ZeroThreshold = step < 200 ? 0.001 : 0.0625 }, ("__name__", "native_zero"), ("z", "widens"));
        yield return Native(step => Exponential(500 + step, 1) with { Schema = step / 90 % 2 == 0 ? 3 : 1 }, ("__name__", "native_schema"), ("z", "alternates"));
        yield return Native(step => Exponential(500 + step, 1) with { Schema = -2, ZeroThreshold = 1e-4 }, ("__name__", "native_schema"), ("z", "coarse"));
        yield return Native(
            step => new NativeHistogram { Schema = 1, ZeroThreshold = 1e-9, ZeroCount = 400, PositiveSpans = [(-20, 1), (3, 2), (60, 1)], PositiveCounts = [300 + step, 0, 310, 320 + step], Sum = 1e9 + step },
            ("__name__", "native_wide"));
        yield return Native(step => Exponential(300 + (step % 97), 1), ("__name__", "native_reset"), ("kind", "falls"));
        yield return Native(step => Exponential(300 + step, 1) with { Hint = step % 40 == 0 ? 1 : 0 }, ("__name__", "native_reset"), ("kind", "told"));
    }

    private static NativeHistogram Exponential(int n, int factor) => new()
    {
        Schema = 0,
        ZeroThreshold = 0.001,
        ZeroCount = n,
        PositiveSpans = [(-3, 2), (2, 3)],
        PositiveCounts = [n, 2 * n * factor, n / 2, 3 * n, n * factor],
        NegativeSpans = [(1, 2)],
        NegativeCounts = [n / 3, n],
        Sum = n * 1.25 * factor,
    };

    private static NativeHistogram Custom(int n, int factor) => new()
    {
        Schema = -53,
        PositiveSpans = [(0, 2), (1, 1)],
        PositiveCounts = [n, n * factor, 2 * n],
        CustomValues = [0.1, 0.5, 1, 2.5],
        Sum = n * 0.9,
    };

    private static double Stale => BitConverter.Int64BitsToDouble(0x7ff0000000000002);

    private static RemoteWriteClient.Series Floats(Func<int, double?> value, params (string, string)[] labels) =>
        new(labels, [.. Steps().Select(step => (TimeMs(step), Value: value(step))).Where(s => s.Value is not null).Select(s => (s.Item1, s.Value!.Value))]);

    private static RemoteWriteClient.Series Native(Func<int, NativeHistogram> histogram, params (string, string)[] labels) =>
        new(labels, []) { Histograms = [.. Steps().Select(step => (TimeMs(step), histogram(step).Encode(TimeMs(step))))] };

    private static IEnumerable<int> Steps() => Enumerable.Range(0, StepCount);

    private static long TimeMs(int step) => (SampleDataSet.StartSeconds + (step * StepSeconds)) * 1000;
}
