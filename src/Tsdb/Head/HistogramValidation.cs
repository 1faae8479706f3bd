using Narthex.Model;

namespace Narthex.Tsdb.Head;

/// <summary>Whether the parts of a native histogram fit together, by upstream's rules for those with float counts.</summary>
/// <remarks>
/// That the buckets of one with integer counts add up to its count is for those to check who know that they were integers: a float
/// histogram may have a count that its buckets do not add up to.
/// </remarks>
internal static class HistogramValidation
{
    private const int SchemaMin = -4;
    private const int SchemaMax = 8;

    // Far beyond what any client sends; a chunk has to be able to hold one.
    private const int BucketsMax = 1 << 20;

    public static bool IsValid(FloatHistogram histogram)
    {
        if (histogram.PositiveBuckets.Length + histogram.NegativeBuckets.Length + histogram.CustomValues.Length > BucketsMax)
        {
            return false;
        }

        if (histogram.Count < 0 || histogram.ZeroCount < 0
            || !AreValid(histogram.PositiveSpans, histogram.PositiveBuckets) || !AreValid(histogram.NegativeSpans, histogram.NegativeBuckets))
        {
            return false;
        }

        return histogram.UsesCustomBuckets
            ? HasValidCustomBuckets(histogram)
            : histogram.Schema is >= SchemaMin and <= SchemaMax && histogram.CustomValues.Length == 0;
    }

    private static bool AreValid(HistogramSpan[] spans, double[] buckets)
    {
        long length = 0;
        for (int i = 0; i < spans.Length; i++)
        {
            if (i > 0 && spans[i].Offset < 0)
            {
                return false;
            }

            length += spans[i].Length;
        }

        foreach (double bucket in buckets)
        {
            if (bucket < 0)
            {
                return false;
            }
        }

        return length == buckets.Length;
    }

    private static bool HasValidCustomBuckets(FloatHistogram histogram)
    {
        double previous = double.NegativeInfinity;
        for (int i = 0; i < histogram.CustomValues.Length; i++)
        {
            double bound = histogram.CustomValues[i];
            if (double.IsNaN(bound) || double.IsPositiveInfinity(bound) || (i > 0 && bound <= previous))
            {
                return false;
            }

            previous = bound;
        }

        // The last bucket has no bound of its own.
        long end = 0;
        foreach (HistogramSpan span in histogram.PositiveSpans)
        {
            if (span.Offset < 0)
            {
                return false;
            }

            end += span.Offset + span.Length;
        }

        return end <= histogram.CustomValues.Length + 1
            && histogram is { ZeroCount: 0, ZeroThreshold: 0, NegativeSpans.Length: 0, NegativeBuckets.Length: 0 };
    }
}
