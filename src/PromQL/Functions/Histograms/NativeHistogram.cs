using Narthex.Model;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Histograms;

/// <summary>Quantiles, fractions and moments of native histograms. Exponential buckets are interpolated exponentially, others linearly.</summary>
/// <remarks>
/// Observations of NaN count but are in no bucket, and make the sum NaN. So do infinite ones of both signs, but those are in buckets.
/// </remarks>
internal static class NativeHistogram
{
    /// <summary>The quantile.</summary>
    /// <param name="quantile">Between 0 and 1.</param>
    /// <param name="histogram">The histogram.</param>
    /// <param name="effect">What observations of NaN did to the result.</param>
    public static double Quantile(double quantile, FloatHistogram histogram, out NanEffect effect)
    {
        effect = NanEffect.None;
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
        int next = 0;
        while (next < buckets.Count)
        {
            HistogramBucket candidate = buckets[next++];
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
            effect = double.IsNaN(histogram.Sum) ? NanEffect.Undefined : NanEffect.None;
            return double.IsNaN(histogram.Sum) ? double.NaN : bucket.Upper;
        }

        rank = forward ? rank - (count - bucket.Count) : count - rank;
        if (double.IsNaN(histogram.Sum))
        {
            // Upstream looks through the other buckets for what is missing, and then goes on with the last of them.
            for (; next < buckets.Count; next++)
            {
                bucket = buckets[next];
                count += bucket.Count;
            }

            effect = count < histogram.Count ? NanEffect.Skewed : NanEffect.None;
        }

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

    /// <summary>How much of the histogram lies between two values.</summary>
    /// <param name="lower">The lower one.</param>
    /// <param name="upper">The upper one.</param>
    /// <param name="histogram">The histogram.</param>
    /// <param name="hasNan">Whether there are observations of NaN, which are in no fraction.</param>
    public static double Fraction(double lower, double upper, FloatHistogram histogram, out bool hasNan)
    {
        hasNan = false;
        if (histogram.Count == 0 || double.IsNaN(lower) || double.IsNaN(upper))
        {
            return double.NaN;
        }

        if (lower >= upper)
        {
            return 0;
        }

        List<HistogramBucket> buckets = histogram.ListBuckets();
        double count = histogram.Count;
        if (double.IsNaN(histogram.Sum))
        {
            count = 0;
            foreach (HistogramBucket bucket in buckets)
            {
                count += bucket.Count;
            }

            hasNan = count < histogram.Count;
        }

        // Rounding, or counts below zero, can carry a rank past the count.
        double upperRank = Rank(upper, buckets, histogram);
        double lowerRank = Rank(lower, buckets, histogram);
        upperRank = upperRank > count ? count : upperRank;
        lowerRank = lowerRank > count ? count : lowerRank;
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

/// <summary>What observations of NaN do to a quantile.</summary>
internal enum NanEffect : byte
{
    None,

    /// <summary>They lie above all others, so the quantile is higher than without them.</summary>
    Skewed,

    /// <summary>The quantile is one of them.</summary>
    Undefined,
}
