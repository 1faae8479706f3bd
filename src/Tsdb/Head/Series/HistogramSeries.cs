using Narthex.Model;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.Series;

/// <summary>The histograms of one series: full chunks and an open one. Chunks are cut where upstream cuts them. Not thread-safe.</summary>
internal sealed class HistogramSeries
{
    // Histograms differ so much in size that their chunks aim at bytes, not at samples; but not at fewer than these.
    private const int BytesTarget = 1024;
    private const int SamplesMin = 10;

    private readonly List<HistogramChunkBytes> _closed = [];
    private HistogramChunk? _open;
    private long _cutAtMs;
    private bool _endEstimated;
    private bool _floats;

    /// <summary>The newest histogram; null if there is none.</summary>
    public FloatHistogram? Newest { get; private set; }

    /// <summary>The time of the newest histogram.</summary>
    public long NewestMs { get; private set; } = long.MinValue;

    /// <summary>Whether nothing is left.</summary>
    public bool IsEmpty => _open is null && _closed.Count == 0;

    /// <summary>The first time; <see cref="long.MaxValue"/> if there is none.</summary>
    public long OldestMs => _closed.Count > 0 ? _closed[0].Range.MinMs : _open?.FirstTimestampMs ?? long.MaxValue;

    /// <summary>About what it takes in memory.</summary>
    public long MemoryBytes
    {
        get
        {
            long bytes = 200 + (_open?.MemoryBytes ?? 0);
            foreach (HistogramChunkBytes chunk in _closed)
            {
                bytes += 56 + chunk.Bytes.Length;
            }

            return bytes;
        }
    }

    /// <summary>Appends a histogram that is newer than the last sample. True if that started a chunk.</summary>
    public bool Append(long timestampMs, FloatHistogram histogram, long chunkRangeMs, bool hasStarts = false, long startMs = 0)
    {
        // Counts that are not integers make a series one of floats. It stays so: those of a float that happen to be integers must not cut a chunk each time.
        bool floats = _floats || !HistogramChunk.HasIntegerCounts(histogram);
        bool started = true;
        HistogramChunk? previous = floats == _floats ? _open : null;
        if (_open is not null && (floats != _floats || hasStarts != _open.HasStarts || IsFull(timestampMs, chunkRangeMs)))
        {
            Close();
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
            Close();
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

    /// <summary>Ends the open chunk.</summary>
    public void Close()
    {
        if (_open is not null)
        {
            _closed.Add(Copy(_open));
            _open = null;
        }
    }

    /// <summary>Drops the chunks that end before a time, and returns their number.</summary>
    public int DropBefore(long minMs)
    {
        int count = 0;
        while (count < _closed.Count && _closed[count].Range.MaxMs < minMs)
        {
            count++;
        }

        _closed.RemoveRange(0, count);
        _closed.TrimExcess();
        if (_open is not null && _open.LastTimestampMs < minMs)
        {
            _open = null;
            count++;
        }

        return count;
    }

    /// <summary>Adds the chunks that overlap the range to a list, oldest first.</summary>
    public void Collect(TimeRange range, List<HistogramChunkBytes> chunks)
    {
        foreach (HistogramChunkBytes chunk in _closed)
        {
            if (chunk.Range.Overlaps(range))
            {
                chunks.Add(chunk);
            }
        }

        if (_open is not null && _open.FirstTimestampMs <= range.MaxMs && _open.LastTimestampMs >= range.MinMs)
        {
            chunks.Add(Copy(_open));
        }
    }

    private static HistogramChunkBytes Copy(HistogramChunk chunk) =>
        new(new TimeRange(chunk.FirstTimestampMs, chunk.LastTimestampMs), chunk.Encoding, chunk.Bytes.ToArray());

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

        return (timestampMs >= _cutAtMs || bytes >= BytesTarget * 2) && (chunk.Count >= SamplesMin || timestampMs >= rangeEndMs);
    }

    // The rest of the range is divided evenly between chunks of about the target.
    private long EstimateEnd(HistogramChunk chunk, double ratioToFull)
    {
        long firstMs = chunk.FirstTimestampMs;
        double chunks = (_cutAtMs - firstMs) / ((chunk.LastTimestampMs - firstMs + 1) * ratioToFull);
        return chunks <= 1 ? _cutAtMs : (long)(firstMs + ((_cutAtMs - firstMs) / Math.Floor(chunks)));
    }
}
