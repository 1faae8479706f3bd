using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Series;

/// <summary>Puts float samples into the open chunks, and full chunks into the store.</summary>
/// <remarks>
/// Open chunks lie in blocks of growing size. Appending to different series from several threads is safe; each series has one
/// writer at a time, inside its write section.
/// </remarks>
internal sealed class ChunkAppender(SlabArena openChunks, ClosedChunkStore closedChunks, long chunkRangeMs, int samplesTarget = ChunkCutting.SamplesTarget)
{
    // By slot, for the series whose open chunk has start timestamps: that of the last sample. There is no page as long as there are none.
    private readonly PagedColumn<long> _lastStarts = new();
    private readonly Lock _lastStartsLock = new();
    private bool _useXor2;
    private bool _keepStarts;

    private readonly int _samplesForEstimate = ChunkCutting.SamplesForEstimate(samplesTarget);
    private readonly int _samplesMax = ChunkCutting.SamplesMax(samplesTarget);

    /// <summary>A chunk has at most so many bytes.</summary>
    public const int ChunkBytesMax = ChunkCutting.BytesMax + Xor2Encoder.BytesPerSampleMax;

    // A marker ends a chunk with so many samples: shorter ones would cost a series that comes and goes more on disk than they save in memory.
    private const int SamplesMinAtMarker = 16;

    // About a third more each time: chunks are half empty at worst for a short while, and moving them costs little beside encoding.
    private static ReadOnlySpan<byte> SizesInUnits => [2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 65];

    /// <summary>Chunks started so far by this head's appends.</summary>
    public long ChunksCreated;

    /// <summary>How new chunks are encoded. Chunks that are open go on as they are, unless start timestamps are to be kept and they cannot hold any.</summary>
    public bool UseXor2
    {
        get => Volatile.Read(ref _useXor2);
        set => Volatile.Write(ref _useXor2, value);
    }

    /// <summary>Whether start timestamps are kept, for which new chunks must be XOR2 ones. Before the first sample.</summary>
    public bool KeepStarts
    {
        get => _keepStarts;
        set => _keepStarts = value;
    }

    /// <summary>Appends a sample that is newer than the series' last.</summary>
    /// <param name="slot">The slot of the series.</param>
    /// <param name="series">Its state.</param>
    /// <param name="timestampMs">The time.</param>
    /// <param name="value">The value.</param>
    /// <param name="startMs">Since when the value has been counting; 0 if that is not known. An XOR chunk cannot hold it.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Append(uint slot, ref SeriesState series, long timestampMs, double value, long startMs = 0)
    {
        if (series.Encoder.Count > 0 && (IsFull(ref series, timestampMs) || (_keepStarts && (series.Flags & SeriesFlags.OpenIsXor2) == 0)))
        {
            Close(slot, ref series);
        }

        if (series.Encoder.Count == 0)
        {
            Start(ref series, timestampMs);
        }

        if ((series.Flags & SeriesFlags.OpenIsXor2) != 0)
        {
            AppendXor2(slot, ref series, timestampMs, value, startMs);
        }
        else
        {
            while (!XorEncoder.TryAppend(ref series.Encoder, OpenBytes(in series), timestampMs, value))
            {
                Grow(ref series);
            }
        }

        if (StaleNaN.IsStale(value))
        {
            EndAtMarker(slot, ref series);
        }
    }

    // Most series that end do not come back: what they leave behind should lie in a file, or take no more room than it needs.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void EndAtMarker(uint slot, ref SeriesState series)
    {
        if (series.Encoder.Count >= SamplesMinAtMarker)
        {
            long markerMs = series.Encoder.LastTimestampMs;
            Close(slot, ref series);
            series.NoteClosedAtMarker(markerMs);
            return;
        }

        int units = SlabArena.UnitsFor(series.Encoder.ByteCount);
        if (units < series.OpenUnits)
        {
            Move(ref series, units);
        }
    }

    /// <summary>Starts loading what the next append to the series will change: the count at the beginning of its open chunk, and the end.</summary>
    public void Prefetch(in SeriesState series)
    {
        if (series.OpenChunk != 0)
        {
            openChunks.Prefetch(series.OpenChunk, 0);
            openChunks.Prefetch(series.OpenChunk, series.Encoder.BitPosition >> 3);
        }
    }

    /// <summary>Ends the open chunk, if there is one: the next sample starts another.</summary>
    public void CloseOpen(uint slot, ref SeriesState series)
    {
        if (series.Encoder.Count > 0)
        {
            Close(slot, ref series);
        }
    }

    private void AppendXor2(uint slot, ref SeriesState series, long timestampMs, double value, long startMs)
    {
        long last = (series.Flags & SeriesFlags.OpenHasStarts) != 0 ? _lastStarts[slot] : 0;
        while (!Xor2Encoder.TryAppend(ref series.Encoder, ref last, OpenBytes(in series), timestampMs, value, startMs))
        {
            Grow(ref series);
        }

        if ((last | startMs) != 0 || (series.Flags & SeriesFlags.OpenHasStarts) != 0)
        {
            NoteStart(slot, ref series, last);
        }
    }

    private void NoteStart(uint slot, ref SeriesState series, long startMs)
    {
        if (!_lastStarts.HasRoom(slot))
        {
            lock (_lastStartsLock)
            {
                _lastStarts.EnsureRoom(slot);
            }
        }

        _lastStarts[slot] = startMs;
        series.Flags |= SeriesFlags.OpenHasStarts;
    }

    /// <summary>Gives a series without an open chunk one that was open before, to be continued as if nothing had been.</summary>
    /// <param name="slot">The slot of the series.</param>
    /// <param name="series">Its state.</param>
    /// <param name="encoding">How the chunk is encoded.</param>
    /// <param name="state">The state of its encoder.</param>
    /// <param name="lastStartMs">The start timestamp of its last sample.</param>
    /// <param name="chunk">Its bytes.</param>
    public void Restore(uint slot, ref SeriesState series, ChunkEncoding encoding, in XorAppenderState state, long lastStartMs, ReadOnlySpan<byte> chunk)
    {
        series.Flags &= ~(SeriesFlags.OpenIsXor2 | SeriesFlags.OpenHasStarts);
        if (encoding == ChunkEncoding.Xor2)
        {
            series.Flags |= SeriesFlags.OpenIsXor2;
            if (lastStartMs != 0)
            {
                NoteStart(slot, ref series, lastStartMs);
            }
        }

        series.OpenUnits = SizesInUnits[^1];
        foreach (byte size in SizesInUnits)
        {
            if (size * SlabArena.UnitBytes >= chunk.Length)
            {
                series.OpenUnits = size;
                break;
            }
        }

        series.OpenChunk = openChunks.Allocate(series.OpenUnits);
        chunk.CopyTo(OpenBytes(in series));
        series.Encoder = state;
        long firstMs = FirstTimestamp(encoding, chunk);
        series.CutAtMs = ChunkCutting.RangeEnd(firstMs, chunkRangeMs);
        if (state.Count > _samplesForEstimate && _samplesForEstimate > 0)
        {
            const int OnStackMax = 256;
            Span<long> timestamps = _samplesForEstimate <= OnStackMax ? stackalloc long[_samplesForEstimate] : new long[_samplesForEstimate];
            Span<double> values = _samplesForEstimate <= OnStackMax ? stackalloc double[_samplesForEstimate] : new double[_samplesForEstimate];
            if (encoding == ChunkEncoding.Xor2)
            {
                Xor2Decoder.TryDecode(chunk, timestamps.Length, timestamps, values, default, out _);
            }
            else
            {
                XorDecoder.TryDecode(chunk, timestamps.Length, timestamps, values, out _);
            }

            series.CutAtMs = ChunkCutting.EstimateEnd(firstMs, timestamps[^1], series.CutAtMs);
        }

        Interlocked.Increment(ref ChunksCreated);
    }

    /// <summary>Drops the open chunk.</summary>
    public void Drop(ref SeriesState series)
    {
        openChunks.Free(series.OpenChunk, series.OpenUnits);
        series.OpenChunk = 0;
        series.OpenUnits = 0;
        series.Encoder = default;
    }

    private Span<byte> OpenBytes(in SeriesState series) => openChunks.GetBytes(series.OpenChunk, series.OpenUnits * SlabArena.UnitBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsFull(ref SeriesState series, long timestampMs)
    {
        ref XorAppenderState encoder = ref series.Encoder;
        if (encoder.ByteCount > ChunkCutting.BytesMax)
        {
            return true;
        }

        if (encoder.Count == _samplesForEstimate)
        {
            series.CutAtMs = ChunkCutting.EstimateEnd(FirstTimestamp(series.OpenEncoding, OpenBytes(in series)), encoder.LastTimestampMs, series.CutAtMs);
        }

        return timestampMs >= series.CutAtMs || encoder.Count >= _samplesMax;
    }

    /// <summary>The time of the first sample of a chunk of floats, which stands behind the header.</summary>
    public static long FirstTimestamp(ChunkEncoding encoding, ReadOnlySpan<byte> chunk)
    {
        var reader = new ByteReader(chunk[(encoding == ChunkEncoding.Xor2 ? Xor2Encoder.HeaderBytes : XorEncoder.HeaderBytes)..]);
        return reader.ReadVarint();
    }

    private void Start(ref SeriesState series, long timestampMs)
    {
        series.OpenUnits = SizesInUnits[0];
        series.OpenChunk = openChunks.Allocate(series.OpenUnits);
        series.Encoder = default;
        series.CutAtMs = ChunkCutting.RangeEnd(timestampMs, chunkRangeMs);
        series.Flags &= ~(SeriesFlags.OpenIsXor2 | SeriesFlags.OpenHasStarts);
        if (UseXor2)
        {
            series.Flags |= SeriesFlags.OpenIsXor2;
        }

        Interlocked.Increment(ref ChunksCreated);
    }

    private void Close(uint slot, ref SeriesState series)
    {
        ReadOnlySpan<byte> chunk = OpenBytes(in series)[..series.Encoder.ByteCount];
        series.ClosedChunks = closedChunks.Add(
            slot, series.ClosedChunks, series.OpenEncoding, FirstTimestamp(series.OpenEncoding, chunk), series.Encoder.LastTimestampMs, chunk);
        openChunks.Free(series.OpenChunk, series.OpenUnits);
        series.OpenChunk = 0;
        series.Encoder = default;
    }

    private void Grow(ref SeriesState series)
    {
        int units = series.OpenUnits;
        foreach (byte size in SizesInUnits)
        {
            if (size > units)
            {
                units = size;
                break;
            }
        }

        if (units == series.OpenUnits)
        {
            throw new System.Diagnostics.UnreachableException("A chunk was cut too late for its largest block.");
        }

        Move(ref series, units);
    }

    private void Move(ref SeriesState series, int units)
    {
        uint block = openChunks.Allocate(units);
        int used = series.Encoder.ByteCount;
        OpenBytes(in series)[..used].CopyTo(openChunks.GetBytes(block, used));
        openChunks.Free(series.OpenChunk, series.OpenUnits);
        series.OpenChunk = block;
        series.OpenUnits = (byte)units;
    }
}
