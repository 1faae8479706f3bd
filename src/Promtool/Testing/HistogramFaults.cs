using System.Globalization;
using Narthex.Model;

namespace Narthex.Promtool.Testing;

/// <summary>What a storage would say of a histogram whose parts contradict each other: a test must not pass because its input was dropped.</summary>
internal static class HistogramFaults
{
    /// <summary>What is wrong; null if nothing is.</summary>
    public static string? Find(FloatHistogram histogram)
    {
        if (histogram.UsesCustomBuckets)
        {
            return OfCustomBuckets(histogram) ?? OfCounts("positive", histogram.PositiveBuckets);
        }

        return histogram.CustomValues is { Length: > 0 } ? "histogram with exponential schema must not have custom bounds"
            : OfCounts("negative", histogram.NegativeBuckets) ?? OfCounts("positive", histogram.PositiveBuckets);
    }

    private static string? OfCustomBuckets(FloatHistogram histogram)
    {
        double[] bounds = histogram.CustomValues ?? [];
        for (int i = 1; i < bounds.Length; i++)
        {
            if (bounds[i] <= bounds[i - 1])
            {
                return string.Create(
                    CultureInfo.InvariantCulture,
                    $"custom buckets: previous bound is {bounds[i - 1]:F6} and current is {bounds[i]:F6}: histogram custom bounds must be in strictly increasing order");
            }
        }

        long length = histogram.PositiveSpans.Sum(span => span.Offset + (long)span.Length);
        return length > bounds.Length + 1
                ? $"custom buckets: only {bounds.Length} custom bounds defined which is insufficient to cover total span length of {length}: histogram custom bounds are too few"
            : histogram.ZeroCount != 0 ? "custom buckets: must have zero count of 0"
            : histogram.ZeroThreshold != 0 ? "custom buckets: must have zero threshold of 0"
            : histogram.NegativeSpans.Length > 0 ? "custom buckets: must not have negative spans"
            : histogram.NegativeBuckets.Length > 0 ? "custom buckets: must not have negative buckets"
            : null;
    }

    private static string? OfCounts(string side, double[] counts)
    {
        int at = Array.FindIndex(counts, count => count < 0);
        return at < 0 ? null
            : $"{side} side: bucket number {at + 1} has observation count of {FloatFormat.FormatPlain(counts[at])}: histogram has a bucket whose observation count is negative";
    }
}
