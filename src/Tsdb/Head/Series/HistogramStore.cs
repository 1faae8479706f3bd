using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.Series;

/// <summary>The native histograms of the head: an open chunk for each series that has any. Full ones lie among those of floats.</summary>
/// <remarks>One writer per series at a time. Readers lock a series for as long as it takes to copy its open chunk.</remarks>
internal sealed class HistogramStore(ClosedChunkStore closedChunks, long chunkRangeMs)
{
    private readonly ConcurrentDictionary<uint, HistogramSeries> _series = new();
    private long _chunksCreated;
    private long _chunksRemoved;

    /// <summary>Whether new chunks keep start timestamps. Before the first sample.</summary>
    public bool KeepStarts { get; set; }

    /// <summary>The number of series with histograms.</summary>
    public int SeriesCount => _series.Count;

    /// <summary>The buckets of the newest histogram of each series, as far as it has been seen.</summary>
    public long BucketCount
    {
        get
        {
            long buckets = 0;
            foreach (KeyValuePair<uint, HistogramSeries> entry in _series)
            {
                lock (entry.Value)
                {
                    buckets += entry.Value.Newest is { } newest ? newest.PositiveBuckets.Length + newest.NegativeBuckets.Length : 0;
                }
            }

            return buckets;
        }
    }

    /// <summary>Chunks started so far.</summary>
    public long ChunksCreated => Volatile.Read(ref _chunksCreated);

    /// <summary>Open chunks dropped so far.</summary>
    public long ChunksRemoved => Volatile.Read(ref _chunksRemoved);

    /// <summary>About what open chunks take in memory.</summary>
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

    /// <summary>The newest histogram of a series, unless a float came behind it and the series was loaded since. False if it has none.</summary>
    public bool TryGetNewest(uint series, in SeriesState state, out long timestampMs, out FloatHistogram? histogram)
    {
        timestampMs = long.MinValue;
        histogram = null;
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return false;
        }

        lock (found)
        {
            if (found.Newest is null)
            {
                FindNewest(found, state.ClosedChunks);
            }

            (timestampMs, histogram) = (found.NewestMs, found.Newest);
            return histogram is not null;
        }
    }

    /// <summary>The time of the newest histogram in the open chunk or before it, as far as it is known without decoding.</summary>
    public long GetNewestMs(uint series)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return long.MinValue;
        }

        lock (found)
        {
            return found.NewestMs;
        }
    }

    /// <summary>Adds a histogram that is newer than the last sample of its series.</summary>
    public void Append(uint series, ref SeriesState state, long timestampMs, FloatHistogram histogram, long startMs = 0)
    {
        HistogramSeries found = _series.GetOrAdd(series, static _ => new HistogramSeries());
        lock (found)
        {
            if (found.Append(timestampMs, histogram, chunkRangeMs, KeepStarts, startMs, out HistogramChunk? closed))
            {
                Interlocked.Increment(ref _chunksCreated);
            }

            Keep(series, ref state, closed);
        }
    }

    /// <summary>Ends the open chunk, as a float follows: chunks of a series must not overlap in time.</summary>
    public void Close(uint series, ref SeriesState state)
    {
        if (_series.TryGetValue(series, out HistogramSeries? found))
        {
            lock (found)
            {
                Keep(series, ref state, found.Close());
            }
        }
    }

    /// <summary>Notes that a series has histograms in full chunks.</summary>
    public void AddSeries(uint series) => _series.TryAdd(series, new HistogramSeries());

    /// <summary>Gives a series a chunk that was open before.</summary>
    public void Restore(uint series, HistogramChunk open)
    {
        _series.GetOrAdd(series, static _ => new HistogramSeries()).Restore(open, chunkRangeMs);
        Interlocked.Increment(ref _chunksCreated);
    }

    /// <summary>Drops the open chunk if it ends before a time. False if the series has no histograms left, with the full chunks that it keeps. For its one writer.</summary>
    public bool DropBefore(uint series, long minMs, uint closedKept)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return false;
        }

        lock (found)
        {
            if (found.DropBefore(minMs))
            {
                Interlocked.Increment(ref _chunksRemoved);
            }

            if (found.HasOpen || HasHistograms(closedKept))
            {
                return true;
            }
        }

        _series.TryRemove(series, out _);
        return false;
    }

    /// <summary>A copy of the open chunk, as it may still grow; null if there is none.</summary>
    public HistogramChunkBytes? CopyOpen(uint series)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return null;
        }

        lock (found)
        {
            return found.CopyOpen();
        }
    }

    /// <summary>The newest histogram in the open chunk; null if there is none.</summary>
    public FloatHistogram? GetLastOfOpen(uint series)
    {
        if (!_series.TryGetValue(series, out HistogramSeries? found))
        {
            return null;
        }

        lock (found)
        {
            return found.HasOpen ? found.Newest : null;
        }
    }

    private static bool IsHistogram(ChunkEncoding encoding) => ChunkEncodings.IsHistogram(encoding);

    private void Keep(uint series, ref SeriesState state, HistogramChunk? closed)
    {
        if (closed is not null)
        {
            state.ClosedChunks = closedChunks.Add(series, state.ClosedChunks, closed.Encoding, closed.FirstTimestampMs, closed.LastTimestampMs, closed.Bytes);
        }
    }

    private bool HasHistograms(uint chunks)
    {
        while (chunks != 0)
        {
            ClosedChunk chunk = closedChunks.Get(chunks);
            if (IsHistogram(chunk.Encoding))
            {
                return true;
            }

            chunks = chunk.Previous;
        }

        return false;
    }

    // After a start from files nobody has seen the last histogram yet: it may be asked for before there is another.
    private void FindNewest(HistogramSeries series, uint newest)
    {
        if (newest != 0 && closedChunks.Get(newest) is var chunk && IsHistogram(chunk.Encoding))
        {
            using var samples = new SampleBuffer();
            ChunkDecoder.Append(chunk.Encoding, chunk.Bytes, new TimeRange(chunk.MaxMs, chunk.MaxMs), samples);
            if (samples.HasHistograms && samples.Histograms[^1] is { } histogram)
            {
                series.SetNewest(chunk.MaxMs, histogram);
            }
        }
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
