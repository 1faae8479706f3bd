using Narthex.Model;

namespace Narthex.PromQL.Functions.Range;

/// <summary>The value between two samples, for <c>smoothed</c> selectors.</summary>
internal static class Interpolation
{
    /// <summary>The value at a time from the sample before (or at) it and the one behind it; either may be missing (-1).</summary>
    /// <remarks>A counter that falls is taken to have started again from zero at the sample before.</remarks>
    public static double Floats(ReadOnlySpan<long> times, ReadOnlySpan<double> values, int before, int after, long timeMs, bool isCounter)
    {
        if (before < 0)
        {
            return values[after];
        }

        if (after < 0 || times[before] == timeMs)
        {
            return values[before];
        }

        double left = isCounter && values[after] < values[before] ? 0 : values[before];
        return left + ((values[after] - left) * (timeMs - times[before]) / (times[after] - times[before]));
    }

    /// <summary>The same for native histograms.</summary>
    /// <remarks>
    /// Counter or not may be left to the samples. Mixed means that one has exponential, the other custom buckets: there is nothing between them.
    /// </remarks>
    public static FloatHistogram? Histograms(
        ReadOnlySpan<long> times, ReadOnlySpan<FloatHistogram> histograms, int before, int after, long timeMs, bool? isCounter, out bool mixed)
    {
        mixed = false;
        if (before < 0)
        {
            return histograms[after];
        }

        if (after < 0 || times[before] == timeMs)
        {
            return histograms[before];
        }

        FloatHistogram left = histograms[before];
        FloatHistogram right = histograms[after];
        if (left.UsesCustomBuckets != right.UsesCustomBuckets)
        {
            mixed = true;
            return null;
        }

        double share = (double)(timeMs - times[before]) / (times[after] - times[before]);
        if ((isCounter ?? right.CounterResetHint != CounterResetHint.Gauge) && right.DetectReset(left))
        {
            return right.Scaled(share);
        }

        return left.Plus(right.Minus(left, out _).Scaled(share), out _);
    }
}
