using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.Series;

/// <summary>The native histograms of the head, beside the float chunks: chunks for each series that has any.</summary>
/// <remarks>One writer per series at a time. Readers lock a series for as long as it takes to copy its open chunk.</remarks>
internal sealed class HistogramStore(long chunkRangeMs)
{
    private readonly ConcurrentDictionary<uint, HistogramSeries> _series = new();
    private long _chunksCreated;
    private long _chunksRemoved;

    /// <summary>Whether new chunks keep start timestamps. Before the first sample.</summary>
    public bool KeepStarts { get; set; }

    /// <summary>The number of series with histograms.</summary>
    public int SeriesCount => _series.Count;

    /// <summary>Chunks started so far.</summary>
    public long ChunksCreated => Volatile.Read(ref _chunksCreated);

    /// <summary>Chunks dropped so far.</summary>
    public long ChunksRemoved => Volatile.Read(ref _chunksRemoved);

    /// <summary>About what histograms take in memory.</summary>
    public long MemoryBytes
    {
        get
        {
            long bytes = 0;
            foreach (KeyValuePair<uint, HistogramSeries> entry in _series)
            {
                lock (entry.Value)
                {
                    bytes += entry.Value.MemoryBytes;
                }
            }

            return bytes;
        }
    }

    /// <summary>The newest histogram of a series. False if it has none.</summary>
    public bool TryGetNewest(uint series, out long timestampMs, out FloatHistogram? histogram)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            timestampMs = long.MinValue;
            histogram = null;
            return false;
        }

        lock (found)
        {
            (timestampMs, histogram) = (found.NewestMs, found.Newest);
            return histogram is not null;
        }
    }

    /// <summary>Adds a histogram that is newer than the last sample of its series.</summary>
    public void Append(uint series, long timestampMs, FloatHistogram histogram, long startMs = 0)
    {
        HistogramSeries found = _series.GetOrAdd(series, static _ => new HistogramSeries());
        lock (found)
        {
            if (found.Append(timestampMs, histogram, chunkRangeMs, KeepStarts, startMs))
            {
                Interlocked.Increment(ref _chunksCreated);
            }
        }
    }

    /// <summary>Ends the open chunk, as a float follows: chunks of a series must not overlap in time.</summary>
    public void Close(uint series)
    {
        if (_series.TryGetValue(series, out HistogramSeries? found))
        {
            lock (found)
            {
                found.Close();
            }
        }
    }

    /// <summary>Drops the chunks that end before a time. False if the series has none left. For the one writer of the series.</summary>
    public bool DropBefore(uint series, long minMs)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return false;
        }

        lock (found)
        {
            Interlocked.Add(ref _chunksRemoved, found.DropBefore(minMs));
            if (!found.IsEmpty)
            {
                return true;
            }
        }

        _series.TryRemove(series, out _);
        return false;
    }

    /// <summary>The first time, if there is one.</summary>
    public long GetOldest(uint series)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return long.MaxValue;
        }

        lock (found)
        {
            return found.OldestMs;
        }
    }

    /// <summary>Adds the chunks that overlap the range to a list, oldest first. The open one is copied, as it may still grow.</summary>
    public void Collect(uint series, TimeRange range, List<HistogramChunkBytes> chunks)
    {
        if (_series.TryGetValue(series, out HistogramSeries? found))
        {
            lock (found)
            {
                found.Collect(range, chunks);
            }
        }
    }

    /// <summary>Appends the histograms within the range, merged with the float samples that stand in <paramref name="buffer"/> from <paramref name="floatsFrom"/> on.</summary>
    public void MergeInto(uint series, TimeRange range, SampleBuffer buffer, int floatsFrom)
    {
        var chunks = new List<HistogramChunkBytes>();
        Collect(series, range, chunks);
        int runStart = buffer.Count;
        foreach (HistogramChunkBytes chunk in chunks)
        {
            ChunkDecoder.Append(chunk.Encoding, chunk.Bytes, range, buffer);
        }

        SampleMerging.MergeRun(buffer, floatsFrom, runStart);
    }

    /// <summary>Whether two histograms are the same sample, bit for bit.</summary>
    public static bool AreSame(FloatHistogram left, FloatHistogram right) =>
        (left.IsStale && right.IsStale)
        || (left.Schema == right.Schema
            && SameBits(left.ZeroThreshold, right.ZeroThreshold)
            && SameBits(left.ZeroCount, right.ZeroCount)
            && SameBits(left.Count, right.Count)
            && SameBits(left.Sum, right.Sum)
            && SameBuckets(left.PositiveSpans, left.PositiveBuckets, right.PositiveSpans, right.PositiveBuckets)
            && SameBuckets(left.NegativeSpans, left.NegativeBuckets, right.NegativeSpans, right.NegativeBuckets)
            && SameBits(left.CustomValues, right.CustomValues));

    private static bool SameBits(double left, double right) => BitConverter.DoubleToUInt64Bits(left) == BitConverter.DoubleToUInt64Bits(right);

    private static bool SameBits(double[] left, double[] right) => MemoryMarshal.AsBytes(left.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(right.AsSpan()));

    // What is stored may have got empty buckets, so that it shares its chunk's layout.
    private static bool SameBuckets(HistogramSpan[] leftSpans, double[] left, HistogramSpan[] rightSpans, double[] right)
    {
        if (leftSpans.AsSpan().SequenceEqual(rightSpans))
        {
            return SameBits(left, right);
        }

        HistogramSpan[] union = BucketRemapping.Union(leftSpans, rightSpans);
        return SameBits(BucketRemapping.Move(leftSpans, left, union), BucketRemapping.Move(rightSpans, right, union));
    }
}

/// <summary>A chunk of histograms with its bytes, which do not change any more.</summary>
internal readonly record struct HistogramChunkBytes(TimeRange Range, ChunkEncoding Encoding, byte[] Bytes);
