using Narthex.Model;

namespace Narthex.PromQL.Functions.Histograms;

/// <summary>The trimming operators: what lies beyond a bound goes, buckets that the bound cuts are split by interpolation.</summary>
internal static class HistogramTrim
{
    /// <summary><c>histogram &lt;/ bound</c>: keeps what is below.</summary>
    public static FloatHistogram Upper(FloatHistogram histogram, double bound) => Trim(histogram, double.NegativeInfinity, bound);

    /// <summary><c>histogram &gt;/ bound</c>: keeps what is above.</summary>
    public static FloatHistogram Lower(FloatHistogram histogram, double bound) => Trim(histogram, bound, double.PositiveInfinity);

    // The sum is rebuilt from the middles of the buckets that are left, since the values themselves are not known.
    private static FloatHistogram Trim(FloatHistogram histogram, double lower, double upper)
    {
        FloatHistogram result = histogram.Copy();
        bool trimmed = false;
        double count = 0;
        double sum = 0;
        result.ZeroCount = Keep(new HistogramBucket(-histogram.ZeroThreshold, histogram.ZeroThreshold, true, true, histogram.ZeroCount));
        List<HistogramBucket> buckets = histogram.ListBuckets(asStored: true);
        int negative = histogram.NegativeBuckets.Length;
        int positive = buckets.Count - histogram.PositiveBuckets.Length;
        for (int i = 0; i < negative; i++)
        {
            result.NegativeBuckets[negative - 1 - i] = Keep(buckets[i]);
        }

        for (int i = 0; i < histogram.PositiveBuckets.Length; i++)
        {
            result.PositiveBuckets[i] = Keep(buckets[positive + i]);
        }

        if (!trimmed)
        {
            return result;
        }

        result.Count = count;
        result.Sum = sum;
        return result.Compacted();

        double Keep(HistogramBucket bucket)
        {
            if (bucket.Count == 0)
            {
                return 0;
            }

            double below = Share(bucket, upper, histogram.UsesCustomBuckets) - Share(bucket, lower, histogram.UsesCustomBuckets);
            double kept = bucket.Count * Math.Max(0, below);
            trimmed |= kept != bucket.Count;
            count += kept;
            double from = Math.Max(bucket.Lower, lower);
            double to = Math.Min(bucket.Upper, upper);
            if (kept > 0)
            {
                sum += kept * Middle(from, to, histogram.UsesCustomBuckets);
            }

            return kept;
        }
    }

    private static double Share(HistogramBucket bucket, double bound, bool isCustom)
    {
        if (bound <= bucket.Lower)
        {
            return 0;
        }

        if (bound >= bucket.Upper)
        {
            return 1;
        }

        if (double.IsInfinity(bucket.Lower) || double.IsInfinity(bucket.Upper))
        {
            return double.IsInfinity(bucket.Lower) ? 1 : 0;
        }

        if (isCustom || (bucket.Lower <= 0 && bucket.Upper >= 0))
        {
            return (bound - bucket.Lower) / (bucket.Upper - bucket.Lower);
        }

        double logLower = Math.Log2(Math.Abs(bucket.Lower));
        double logUpper = Math.Log2(Math.Abs(bucket.Upper));
        return (Math.Log2(Math.Abs(bound)) - logLower) / (logUpper - logLower);
    }

    private static double Middle(double from, double to, bool isCustom)
    {
        if (double.IsInfinity(from))
        {
            return to;
        }

        if (double.IsInfinity(to))
        {
            return from;
        }

        return isCustom || (from <= 0 && to >= 0) ? (from + to) / 2 : Math.CopySign(Math.Sqrt(from * to), to);
    }
}
