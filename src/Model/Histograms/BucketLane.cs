namespace Narthex.Model;

/// <summary>The buckets of one sign, as pairs of index and count in ascending order: the form that arithmetic works on.</summary>
internal readonly struct BucketLane(int[] indexes, double[] counts, int count)
{
    public ReadOnlySpan<int> Indexes => indexes.AsSpan(0, count);

    public ReadOnlySpan<double> Counts => counts.AsSpan(0, count);

    public static BucketLane Decode(HistogramSpan[] spans, double[] buckets)
    {
        int[] indexes = new int[buckets.Length];
        int slot = 0;
        int index = 0;
        foreach (HistogramSpan span in spans)
        {
            index += span.Offset;
            for (uint i = 0; i < span.Length; i++)
            {
                indexes[slot++] = index++;
            }
        }

        return new BucketLane(indexes, buckets, slot);
    }

    /// <summary>The lane at a coarser resolution: 2^difference neighbours become one.</summary>
    public BucketLane Reduce(int schemaDifference)
    {
        if (schemaDifference == 0)
        {
            return this;
        }

        int[] reduced = new int[count];
        double[] sums = new double[count];
        int used = 0;
        for (int i = 0; i < count; i++)
        {
            int target = ((indexes[i] - 1) >> schemaDifference) + 1;
            if (used > 0 && reduced[used - 1] == target)
            {
                sums[used - 1] += counts[i];
            }
            else
            {
                reduced[used] = target;
                sums[used++] = counts[i];
            }
        }

        return new BucketLane(reduced, sums, used);
    }

    /// <summary>This plus (or minus, with a sign of -1) the other.</summary>
    public BucketLane Combine(BucketLane other, double sign)
    {
        int[] merged = new int[count + other.Indexes.Length];
        double[] sums = new double[merged.Length];
        int used = 0;
        int left = 0;
        int right = 0;
        while (left < count || right < other.Indexes.Length)
        {
            if (right == other.Indexes.Length || (left < count && indexes[left] < other.Indexes[right]))
            {
                merged[used] = indexes[left];
                sums[used++] = counts[left++];
            }
            else if (left == count || other.Indexes[right] < indexes[left])
            {
                merged[used] = other.Indexes[right];
                sums[used++] = sign * other.Counts[right++];
            }
            else
            {
                merged[used] = indexes[left];
                sums[used++] = counts[left++] + (sign * other.Counts[right++]);
            }
        }

        return new BucketLane(merged, sums, used);
    }

    /// <summary>The counts of custom buckets under other bounds, each of which must be one of the old bounds.</summary>
    public BucketLane Rebound(ReadOnlySpan<double> oldBounds, ReadOnlySpan<double> newBounds)
    {
        int[] moved = new int[count];
        double[] sums = new double[count];
        int used = 0;
        for (int i = 0; i < count; i++)
        {
            int target = newBounds.Length;
            if (indexes[i] < oldBounds.Length)
            {
                int found = newBounds.BinarySearch(oldBounds[indexes[i]]);
                target = found < 0 ? ~found : found;
            }

            if (used > 0 && moved[used - 1] == target)
            {
                sums[used - 1] += counts[i];
            }
            else
            {
                moved[used] = target;
                sums[used++] = counts[i];
            }
        }

        return new BucketLane(moved, sums, used);
    }

    /// <summary>Spans and buckets without empty buckets, save gaps so short that a new span would cost more.</summary>
    public void Encode(bool keepEmpty, out HistogramSpan[] spans, out double[] buckets)
    {
        var spanList = new List<HistogramSpan>();
        var bucketList = new List<double>(count);
        int next = 0;
        for (int i = 0; i < count; i++)
        {
            if (counts[i] == 0 && !keepEmpty)
            {
                continue;
            }

            if (spanList.Count > 0 && indexes[i] == next)
            {
                HistogramSpan last = spanList[^1];
                spanList[^1] = last with { Length = last.Length + 1 };
            }
            else
            {
                spanList.Add(new HistogramSpan(indexes[i] - next, 1));
            }

            bucketList.Add(counts[i]);
            next = indexes[i] + 1;
        }

        spans = [.. spanList];
        buckets = [.. bucketList];
    }
}
