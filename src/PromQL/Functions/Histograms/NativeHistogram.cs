using Narthex.Model;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Histograms;

/// <summary>Quantiles, fractions and moments of native histograms. Exponential buckets are interpolated exponentially, others linearly.</summary>
internal static class NativeHistogram
{
    public static double Quantile(double quantile, FloatHistogram histogram)
    {
        if (quantile < 0)
        {
            return double.NegativeInfinity;
        }

        if (quantile > 1)
        {
            return double.PositiveInfinity;
        }

        if (histogram.Count == 0 || double.IsNaN(quantile))
        {
            return double.NaN;
        }

        // From the nearer end, which rounds less. NaN observations count but are in no bucket: they lie above all.
        bool forward = double.IsNaN(histogram.Sum) || quantile < 0.5;
        double rank = (forward ? quantile : 1 - quantile) * histogram.Count;
        List<HistogramBucket> buckets = histogram.ListBuckets();
        if (!forward)
        {
            buckets.Reverse();
        }

        HistogramBucket bucket = default;
        double count = 0;
        foreach (HistogramBucket candidate in buckets)
        {
            if (candidate.Count == 0)
            {
                continue;
            }

            bucket = candidate;
            count += candidate.Count;
            if (count >= rank)
            {
                break;
            }
        }

        if (histogram.UsesCustomBuckets)
        {
            if (double.IsNegativeInfinity(bucket.Lower))
            {
                if (bucket.Upper <= 0)
                {
                    return bucket.Upper;
                }

                bucket = bucket with { Lower = 0 };
            }
            else if (double.IsPositiveInfinity(bucket.Upper))
            {
                return bucket.Lower;
            }
        }
        else
        {
            bucket = NarrowZeroBucket(bucket, histogram);
        }

        count = Math.Min(count, histogram.Count);
        if (count < rank)
        {
            return double.IsNaN(histogram.Sum) ? double.NaN : bucket.Upper;
        }

        rank = forward ? rank - (count - bucket.Count) : count - rank;
        double share = rank / bucket.Count;
        if (histogram.UsesCustomBuckets || (bucket.Lower <= 0 && bucket.Upper >= 0))
        {
            return bucket.Lower + ((bucket.Upper - bucket.Lower) * share);
        }

        double logLower = Math.Log2(Math.Abs(bucket.Lower));
        double logUpper = Math.Log2(Math.Abs(bucket.Upper));
        return bucket.Lower > 0
            ? Math.Pow(2, logLower + ((logUpper - logLower) * share))
            : -Math.Pow(2, logUpper + ((logLower - logUpper) * (1 - share)));
    }

    public static double Fraction(double lower, double upper, FloatHistogram histogram)
    {
        if (histogram.Count == 0 || double.IsNaN(lower) || double.IsNaN(upper))
        {
            return double.NaN;
        }

        if (lower >= upper)
        {
            return 0;
        }

        List<HistogramBucket> buckets = histogram.ListBuckets();
        double upperRank = Rank(upper, buckets, histogram);
        double lowerRank = Rank(lower, buckets, histogram);

        // Rounding, or counts below zero, can carry a rank past the count.
        upperRank = upperRank > histogram.Count ? histogram.Count : upperRank;
        lowerRank = lowerRank > histogram.Count ? histogram.Count : lowerRank;
        return (upperRank - lowerRank) / histogram.Count;
    }

    /// <summary>The variance, each bucket standing for its middle.</summary>
    public static double Variance(FloatHistogram histogram)
    {
        double mean = histogram.Sum / histogram.Count;
        double variance = 0;
        double compensation = 0;
        foreach (HistogramBucket bucket in histogram.ListBuckets())
        {
            if (bucket.Count == 0)
            {
                continue;
            }

            double delta = Middle(bucket, histogram.UsesCustomBuckets) - mean;
            Kahan.Add(bucket.Count * delta * delta, ref variance, ref compensation);
        }

        return (variance + compensation) / histogram.Count;
    }

    private static double Middle(HistogramBucket bucket, bool isCustom)
    {
        if (isCustom)
        {
            return (bucket.Upper + bucket.Lower) / 2;
        }

        if (bucket.Lower <= 0 && bucket.Upper >= 0)
        {
            return 0;
        }

        double middle = Math.Sqrt(bucket.Upper * bucket.Lower);
        return bucket.Upper < 0 ? -middle : middle;
    }

    // How many observations lie below a bound.
    private static double Rank(double bound, List<HistogramBucket> buckets, FloatHistogram histogram)
    {
        double rank = 0;
        foreach (HistogramBucket candidate in buckets)
        {
            HistogramBucket bucket = candidate;
            bool linear = histogram.UsesCustomBuckets;
            if (histogram.UsesCustomBuckets)
            {
                if (double.IsNegativeInfinity(bucket.Lower) && bucket.Upper > 0)
                {
                    bucket = bucket with { Lower = 0 };
                }
            }
            else if (bucket.Lower <= 0 && bucket.Upper >= 0)
            {
                linear = true;
                bucket = NarrowZeroBucket(bucket, histogram);
            }

            if (bucket.Lower >= bound)
            {
                return rank;
            }

            if (bucket.Upper > bound)
            {
                return double.IsNegativeInfinity(bucket.Lower) ? rank + bucket.Count
                    : linear ? rank + (bucket.Count * (bound - bucket.Lower) / (bucket.Upper - bucket.Lower))
                    : rank + (bucket.Count * ExponentialShare(bound, bucket));
            }

            rank += bucket.Count;
        }

        return Math.Min(rank, histogram.Count);
    }

    private static double ExponentialShare(double bound, HistogramBucket bucket)
    {
        double logLower = Math.Log2(Math.Abs(bucket.Lower));
        double logUpper = Math.Log2(Math.Abs(bucket.Upper));
        double logBound = Math.Log2(Math.Abs(bound));
        return bound > 0 ? (logBound - logLower) / (logUpper - logLower) : 1 - ((logBound - logUpper) / (logLower - logUpper));
    }

    // Where only one sign has buckets, the observations of the zero bucket are taken to be of that sign, too.
    private static HistogramBucket NarrowZeroBucket(HistogramBucket bucket, FloatHistogram histogram)
    {
        if (bucket.Lower < 0 && bucket.Upper > 0)
        {
            if (histogram.NegativeBuckets.Length == 0 && histogram.PositiveBuckets.Length > 0)
            {
                return bucket with { Lower = 0 };
            }

            if (histogram.PositiveBuckets.Length == 0 && histogram.NegativeBuckets.Length > 0)
            {
                return bucket with { Upper = 0 };
            }
        }

        return bucket;
    }
}
