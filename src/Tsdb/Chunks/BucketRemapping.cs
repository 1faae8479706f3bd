using Narthex.Model;

namespace Narthex.Tsdb.Chunks;

/// <summary>How the buckets of a chunk (of one sign) and those of the next histogram relate.</summary>
/// <param name="ChunkLacks">The histogram has buckets that the chunk does not have.</param>
/// <param name="HistogramLacks">The chunk has buckets that the histogram does not have.</param>
/// <param name="Fell">A bucket has fewer observations than before, or disappeared with some in it.</param>
internal readonly record struct BucketComparison(bool ChunkLacks, bool HistogramLacks, bool Fell)
{
    /// <summary>Compares the buckets of the last histogram in a chunk with those of the next one.</summary>
    public static BucketComparison Of(HistogramSpan[] chunkSpans, ReadOnlySpan<double> chunkCounts, HistogramSpan[] spans, ReadOnlySpan<double> counts)
    {
        var old = new BucketCursor(chunkSpans);
        var next = new BucketCursor(spans);
        bool chunkLacks = false;
        bool histogramLacks = false;
        bool fell = false;
        bool hasOld = old.MoveNext();
        bool hasNext = next.MoveNext();
        while (hasOld || hasNext)
        {
            if (hasOld && hasNext && old.Bucket == next.Bucket)
            {
                fell |= chunkCounts[old.Slot] > counts[next.Slot];
                hasOld = old.MoveNext();
                hasNext = next.MoveNext();
            }
            else if (hasOld && (!hasNext || old.Bucket < next.Bucket))
            {
                histogramLacks = true;
                fell |= chunkCounts[old.Slot] != 0;
                hasOld = old.MoveNext();
            }
            else
            {
                chunkLacks = true;
                hasNext = next.MoveNext();
            }
        }

        return new BucketComparison(chunkLacks, histogramLacks, fell);
    }
}

/// <summary>Moves the buckets of one sign from some spans to others that have them all.</summary>
internal static class BucketRemapping
{
    /// <summary>Spans with the buckets of both, neighbours in one span.</summary>
    public static HistogramSpan[] Union(HistogramSpan[] left, HistogramSpan[] right)
    {
        var spans = new List<HistogramSpan>(left.Length + right.Length);
        var leftBuckets = new BucketCursor(left);
        var rightBuckets = new BucketCursor(right);
        bool hasLeft = leftBuckets.MoveNext();
        bool hasRight = rightBuckets.MoveNext();
        long next = 0;
        while (hasLeft || hasRight)
        {
            long bucket = !hasRight || (hasLeft && leftBuckets.Bucket <= rightBuckets.Bucket) ? leftBuckets.Bucket : rightBuckets.Bucket;
            if (hasLeft && leftBuckets.Bucket == bucket)
            {
                hasLeft = leftBuckets.MoveNext();
            }

            if (hasRight && rightBuckets.Bucket == bucket)
            {
                hasRight = rightBuckets.MoveNext();
            }

            if (spans.Count > 0 && bucket == next)
            {
                spans[^1] = spans[^1] with { Length = spans[^1].Length + 1 };
            }
            else
            {
                spans.Add(new HistogramSpan((int)(bucket - next), 1));
            }

            next = bucket + 1;
        }

        return [.. spans];
    }

    /// <summary>The counts under other spans. Buckets that were not there are empty.</summary>
    public static double[] Move(HistogramSpan[] from, double[] counts, HistogramSpan[] to)
    {
        double[] moved = new double[HistogramLayout.CountBuckets(to)];
        var source = new BucketCursor(from);
        var target = new BucketCursor(to);
        bool hasSource = source.MoveNext();
        while (target.MoveNext())
        {
            if (hasSource && source.Bucket == target.Bucket)
            {
                moved[target.Slot] = counts[source.Slot];
                hasSource = source.MoveNext();
            }
        }

        return moved;
    }
}

/// <summary>Walks the buckets that spans name, in ascending order.</summary>
internal struct BucketCursor(HistogramSpan[] spans)
{
    private int _span = -1;
    private uint _inSpan;
    private long _next;

    /// <summary>The index of the bucket.</summary>
    public long Bucket { get; private set; }

    /// <summary>Its place in the list of counts.</summary>
    public int Slot { get; private set; } = -1;

    public bool MoveNext()
    {
        while (_span < 0 || _inSpan >= spans[_span].Length)
        {
            if (_span + 1 >= spans.Length)
            {
                return false;
            }

            _span++;
            _inSpan = 0;
            _next += spans[_span].Offset;
        }

        _inSpan++;
        Slot++;
        Bucket = _next++;
        return true;
    }
}
