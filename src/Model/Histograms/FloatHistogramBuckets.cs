namespace Narthex.Model;

/// <summary>One bucket with its bounds.</summary>
/// <param name="Lower">The lower bound.</param>
/// <param name="Upper">The upper bound.</param>
/// <param name="LowerInclusive">Whether the lower bound belongs to it.</param>
/// <param name="UpperInclusive">Whether the upper bound belongs to it.</param>
/// <param name="Count">The observations in it.</param>
public readonly record struct HistogramBucket(double Lower, double Upper, bool LowerInclusive, bool UpperInclusive, double Count);

public sealed partial class FloatHistogram
{
    /// <summary>How many plain samples it weighs in limits and statistics.</summary>
    public int SizeInSamples =>
        (168 + (8 * (PositiveSpans.Length + NegativeSpans.Length + PositiveBuckets.Length + NegativeBuckets.Length + CustomValues.Length))) / 16;

    /// <summary>The upper bound of an exponential bucket.</summary>
    public static double BoundOf(int index, int schema) => ExponentialBounds.Upper(index, schema);

    /// <summary>All buckets with observations or within spans, in ascending order: negative ones, the zero bucket, positive ones.</summary>
    /// <param name="asStored">
    /// For printing: the zero bucket even if its count is negative or NaN, and all bounds as the schema has them. Functions pass over such a zero bucket, and to them
    /// the others begin where it ends.
    /// </param>
    public List<HistogramBucket> ListBuckets(bool asStored = false)
    {
        var buckets = new List<HistogramBucket>(NegativeBuckets.Length + PositiveBuckets.Length + 1);
        AppendNegative(buckets, asStored ? 0 : ZeroThreshold);
        if (ZeroCount > 0 || (asStored && ZeroCount != 0))
        {
            buckets.Add(new HistogramBucket(-ZeroThreshold, ZeroThreshold, true, true, ZeroCount));
        }

        AppendPositive(buckets, asStored ? 0 : ZeroThreshold);
        return buckets;
    }

    private void AppendPositive(List<HistogramBucket> buckets, double threshold)
    {
        int slot = 0;
        int index = 0;
        foreach (HistogramSpan span in PositiveSpans)
        {
            index += span.Offset;
            for (uint i = 0; i < span.Length; i++, index++, slot++)
            {
                double count = PositiveBuckets[slot];
                if (UsesCustomBuckets)
                {
                    double lower = index == 0 ? double.NegativeInfinity : CustomValues[index - 1];
                    double upper = index < CustomValues.Length ? CustomValues[index] : double.PositiveInfinity;
                    buckets.Add(new HistogramBucket(lower, upper, index == 0, true, count));
                }
                else
                {
                    buckets.Add(new HistogramBucket(Math.Max(BoundOf(index - 1, Schema), threshold), BoundOf(index, Schema), false, true, count));
                }
            }
        }
    }

    private void AppendNegative(List<HistogramBucket> buckets, double threshold)
    {
        int first = buckets.Count;
        int slot = 0;
        int index = 0;
        foreach (HistogramSpan span in NegativeSpans)
        {
            index += span.Offset;
            for (uint i = 0; i < span.Length; i++, index++, slot++)
            {
                buckets.Add(new HistogramBucket(-BoundOf(index, Schema), -Math.Max(BoundOf(index - 1, Schema), threshold), true, false, NegativeBuckets[slot]));
            }
        }

        buckets.Reverse(first, buckets.Count - first);
    }
}
