namespace Narthex.PromQL.Functions.Histograms;

/// <summary>A cumulative bucket of a classic histogram.</summary>
internal record struct ClassicBucket(double UpperBound, double Count);

/// <summary>Quantiles and fractions of classic histograms.</summary>
internal static class ClassicHistogram
{
    // Relative differences below this come from floating point, not from the data.
    private const double SmallDelta = 1e-12;

    // Far above what is called small beside zero.
    private const double AbsoluteDelta = 1e-300;

    /// <summary>Sorts the buckets and joins those with the same bound. False if the last one does not end at infinity.</summary>
    public static bool TryNormalise(ref Span<ClassicBucket> buckets)
    {
        if (!AreInOrder(buckets))
        {
            buckets.Sort(static (a, b) => a.UpperBound.CompareTo(b.UpperBound));
        }

        if (buckets.IsEmpty || !double.IsPositiveInfinity(buckets[^1].UpperBound))
        {
            return false;
        }

        int last = 0;
        for (int i = 1; i < buckets.Length; i++)
        {
            if (buckets[i].UpperBound == buckets[last].UpperBound)
            {
                buckets[last].Count += buckets[i].Count;
            }
            else if (++last != i)
            {
                buckets[last] = buckets[i];
            }
        }

        buckets = buckets[..(last + 1)];
        return true;
    }

    private static bool AreInOrder(ReadOnlySpan<ClassicBucket> buckets)
    {
        for (int i = 1; i < buckets.Length; i++)
        {
            if (buckets[i].UpperBound < buckets[i - 1].UpperBound)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The quantile of normalised, monotonic buckets, by linear interpolation.</summary>
    public static double Quantile(double quantile, ReadOnlySpan<ClassicBucket> buckets)
    {
        if (double.IsNaN(quantile))
        {
            return double.NaN;
        }

        if (quantile < 0)
        {
            return double.NegativeInfinity;
        }

        if (quantile > 1)
        {
            return double.PositiveInfinity;
        }

        if (buckets.Length < 2 || buckets[^1].Count == 0)
        {
            return double.NaN;
        }

        double rank = quantile * buckets[^1].Count;
        int index = 0;
        while (index < buckets.Length - 1 && !(buckets[index].Count >= rank))
        {
            index++;
        }

        if (index == buckets.Length - 1)
        {
            return buckets[^2].UpperBound;
        }

        if (index == 0 && buckets[0].UpperBound <= 0)
        {
            return buckets[0].UpperBound;
        }

        double start = 0;
        double count = buckets[index].Count;
        if (index > 0)
        {
            start = buckets[index - 1].UpperBound;
            count -= buckets[index - 1].Count;
            rank -= buckets[index - 1].Count;
        }

        return start + ((buckets[index].UpperBound - start) * (rank / count));
    }

    /// <summary>The share of observations between two bounds, by linear interpolation.</summary>
    public static double Fraction(double lower, double upper, ReadOnlySpan<ClassicBucket> buckets)
    {
        double total = buckets[^1].Count;
        if (!double.IsPositiveInfinity(buckets[^1].UpperBound) || total == 0 || double.IsNaN(lower) || double.IsNaN(upper))
        {
            return double.NaN;
        }

        return lower >= upper ? 0 : (Rank(upper, buckets) - Rank(lower, buckets)) / total;
    }

    /// <summary>Raises counts that are below their predecessor's. True if one was more than a rounding error below.</summary>
    public static bool MakeMonotonic(Span<ClassicBucket> buckets, out double minBucket, out double maxBucket, out double maxDifference)
    {
        minBucket = double.PositiveInfinity;
        maxBucket = double.NegativeInfinity;
        maxDifference = 0;
        bool forced = false;
        double previous = buckets[0].Count;
        for (int i = 1; i < buckets.Length; i++)
        {
            double current = buckets[i].Count;
            if (current == previous)
            {
                continue;
            }

            // So much larger, as they mostly are, that there is no need to divide.
            if (previous >= 0 && current - previous > Math.Max((current + previous) * (SmallDelta * 10), AbsoluteDelta))
            {
                previous = current;
                continue;
            }

            if (AlmostEqual(previous, current))
            {
                buckets[i].Count = previous;
            }
            else if (current < previous)
            {
                forced = true;
                minBucket = Math.Min(minBucket, buckets[i].UpperBound);
                maxBucket = Math.Max(maxBucket, buckets[i].UpperBound);
                maxDifference = Math.Max(maxDifference, previous - current);
                buckets[i].Count = previous;
            }
            else
            {
                previous = current;
            }
        }

        return forced;
    }

    // How many observations lie below a bound. Buckets of infinite width are not interpolated.
    private static double Rank(double bound, ReadOnlySpan<ClassicBucket> buckets)
    {
        double rank = 0;
        for (int i = 0; i < buckets.Length; i++)
        {
            ClassicBucket bucket = buckets[i];
            double lower = i > 0 ? buckets[i - 1].UpperBound : bucket.UpperBound > 0 ? 0 : double.NegativeInfinity;
            if (lower >= bound)
            {
                return rank;
            }

            if (bucket.UpperBound > bound)
            {
                return double.IsNegativeInfinity(lower) ? bucket.Count : rank + ((bucket.Count - rank) * (bound - lower) / (bucket.UpperBound - lower));
            }

            rank = bucket.Count;
        }

        return buckets[^1].Count;
    }

    private static bool AlmostEqual(double left, double right)
    {
        const double minNormal = 2.2250738585072014e-308;
        double sum = Math.Abs(left) + Math.Abs(right);
        double difference = Math.Abs(left - right);
        return left == 0 || right == 0 || sum < minNormal
            ? difference < SmallDelta * minNormal
            : difference / Math.Min(sum, double.MaxValue) < SmallDelta;
    }
}
