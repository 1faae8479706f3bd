using Narthex.Model;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.Series;

/// <summary>The open chunk of histograms of one series. Chunks are cut where upstream cuts them; full ones are for the caller to keep. Not thread-safe.</summary>
internal sealed class HistogramSeries
{
    // Histograms differ so much in size that their chunks aim at bytes, not at samples; but not at fewer than these.
    private const int BytesTarget = 1024;
    private const int SamplesMin = 10;

    // Ten enormous histograms are too many for one chunk: upstream has no such limit, and no such histograms either.
    private const int BytesMax = 1 << 20;

    private HistogramChunk? _open;
    private long _cutAtMs;
    private bool _endEstimated;
    private bool _floats;

    /// <summary>The newest histogram, as far as it has been seen; null if there is none.</summary>
    public FloatHistogram? Newest { get; private set; }

    /// <summary>The time of the newest histogram.</summary>
    public long NewestMs { get; private set; } = long.MinValue;

    /// <summary>Whether there is an open chunk.</summary>
    public bool HasOpen => _open is not null;

    /// <summary>About what it takes in memory.</summary>
    public long MemoryBytes => 200 + (_open?.MemoryBytes ?? 0);

    /// <summary>Appends a histogram that is newer than the last sample. True if that started a chunk; <paramref name="closed"/> is the one that it ended.</summary>
    public bool Append(long timestampMs, FloatHistogram histogram, long chunkRangeMs, bool hasStarts, long startMs, out HistogramChunk? closed)
    {
        // Counts that are not integers make a series one of floats. It stays so: those of a float that happen to be integers must not cut a chunk each time.
        bool floats = _floats || !HistogramChunk.HasIntegerCounts(histogram);
        bool started = true;
        closed = null;
        HistogramChunk? previous = floats == _floats ? _open : null;
        if (_open is not null && (floats != _floats || hasStarts != _open.HasStarts || IsFull(timestampMs, chunkRangeMs)))
        {
            closed = Close();
        }

        _floats = floats;
        if (_open is null)
        {
            _open = HistogramChunk.Start(floats, timestampMs, histogram, previous, hasStarts, startMs);
            _cutAtMs = ChunkCutting.RangeEnd(timestampMs, chunkRangeMs);
            _endEstimated = false;
        }
        else if (!_open.TryAppend(timestampMs, histogram, out HistogramChunk? next, startMs))
        {
            // That the end counts as estimated already is upstream's way: such a chunk ends with the range, or when it is far too large.
            closed = Close();
            _open = next;
            _cutAtMs = ChunkCutting.RangeEnd(timestampMs, chunkRangeMs);
        }
        else
        {
            started = false;
        }

        Newest = _open!.Last;
        NewestMs = timestampMs;
        return started;
    }

    /// <summary>Ends the open chunk, and returns it if there is one.</summary>
    public HistogramChunk? Close()
    {
        HistogramChunk? closed = _open;
        _open = null;
        return closed;
    }

    /// <summary>Takes a chunk that was open before, to be continued.</summary>
    public void Restore(HistogramChunk open, long chunkRangeMs)
    {
        _open = open;
        _floats = open.Encoding is ChunkEncoding.FloatHistogram or ChunkEncoding.FloatHistogramWithStarts;
        _cutAtMs = ChunkCutting.RangeEnd(open.FirstTimestampMs, chunkRangeMs);
        _endEstimated = false;
        Newest = open.Last;
        NewestMs = open.LastTimestampMs;
    }

    /// <summary>Notes the newest histogram, which is in a full chunk.</summary>
    public void SetNewest(long timestampMs, FloatHistogram histogram) => (NewestMs, Newest) = (timestampMs, histogram);

    /// <summary>Drops the open chunk if it ends before a time. True if it did.</summary>
    public bool DropBefore(long minMs)
    {
        bool drop = _open is not null && _open.LastTimestampMs < minMs;
        _open = drop ? null : _open;
        return drop;
    }

    /// <summary>A copy of the open chunk; null if there is none.</summary>
    public HistogramChunkBytes? CopyOpen() =>
        _open is null ? null : new(new TimeRange(_open.FirstTimestampMs, _open.LastTimestampMs), _open.Encoding, _open.Bytes.ToArray());

    private bool IsFull(long timestampMs, long chunkRangeMs)
    {
        HistogramChunk chunk = _open!;
        int bytes = chunk.Bytes.Length;
        long rangeEndMs = _endEstimated ? ChunkCutting.RangeEnd(chunk.FirstTimestampMs, chunkRangeMs) : _cutAtMs;
        if (!_endEstimated && bytes >= BytesTarget / 4)
        {
            _cutAtMs = EstimateEnd(chunk, (double)BytesTarget / bytes);
            _endEstimated = true;
        }

        return bytes >= BytesMax || ((timestampMs >= _cutAtMs || bytes >= BytesTarget * 2) && (chunk.Count >= SamplesMin || timestampMs >= rangeEndMs));
    }

    // The rest of the range is divided evenly between chunks of about the target.
    private long EstimateEnd(HistogramChunk chunk, double ratioToFull)
    {
        long firstMs = chunk.FirstTimestampMs;
        double chunks = (_cutAtMs - firstMs) / ((chunk.LastTimestampMs - firstMs + 1) * ratioToFull);
        return chunks <= 1 ? _cutAtMs : (long)(firstMs + ((_cutAtMs - firstMs) / Math.Floor(chunks)));
    }
}
