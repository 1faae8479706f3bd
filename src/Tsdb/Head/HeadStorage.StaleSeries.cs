using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>Series that went stale: counted as they go, and evicted before their time when they are in blocks.</content>
/// <remarks>
/// An eviction takes all chunks from a series as a truncation takes the old ones, in the same steps: views that are open when the block appears go on
/// seeing the head's samples. A series that got a sample meanwhile stays. The log is not told: a replay brings the samples back beside those in the block, where they
/// count once, and they are evicted again.
/// </remarks>
public sealed partial class HeadStorage
{
    private Dictionary<uint, long>? _toEvict;
    private Dictionary<uint, long>? _evicting;
    private long _staleSeries;

    /// <summary>The series whose newest sample is a staleness marker.</summary>
    internal long StaleSeriesCount => Volatile.Read(ref _staleSeries);

    /// <summary>The stale series without samples out of order, each with its newest time.</summary>
    internal Dictionary<uint, long> FindStaleSeries()
    {
        var found = new Dictionary<uint, long>();
        Index.HeadIndex index = Index;
        for (uint series = 0; series < index.Count; series++)
        {
            uint slot = index.SlotOf(series);
            SeriesState state = CopySeries(slot, default);
            if ((state.Flags & (SeriesFlags.IsStale | SeriesFlags.HasOutOfOrder)) == SeriesFlags.IsStale)
            {
                found.Add(slot, GetNewest(slot, in state));
            }
        }

        return found;
    }

    /// <summary>Takes the samples of series away that are in blocks up to a time. They are freed when nobody sees them any more.</summary>
    internal void Evict(Dictionary<uint, long> series)
    {
        lock (_reclaimLock)
        {
            _toEvict = series;
        }

        _reclaiming = true;
        Reclaim();
    }

    /// <summary>At the start: the log says that a series was evicted there. Nobody reads yet, and the thread is the only one for the series.</summary>
    internal void ReplayEviction(uint series)
    {
        ref SeriesState state = ref Pages[series];
        if (state.ClosedChunks != 0)
        {
            lock (_reclaimLock)
            {
                Interlocked.Add(ref Counters.ChunksRemoved, ClosedChunks.Free([state.ClosedChunks]));
            }

            state.ClosedChunks = 0;
        }

        if (state.OpenChunk != 0)
        {
            Chunks.Drop(ref state);
            Interlocked.Increment(ref Counters.ChunksRemoved);
        }

        if ((state.Flags & SeriesFlags.HasHistograms) != 0)
        {
            Histograms.DropBefore(series, long.MaxValue, closedKept: 0);
            state.Flags &= ~SeriesFlags.HasHistograms;
        }

        NoteStaleness(ref state, isStale: false);
    }

    /// <summary>At the start: a series ends with a full chunk. If its last sample is a staleness marker, the series is stale as it was before.</summary>
    internal void RestoreStaleness(uint series)
    {
        ref SeriesState state = ref Pages[series];
        if (state.OpenChunk != 0 || state.ClosedChunks == 0 || (state.Flags & SeriesFlags.HasHistograms) != 0)
        {
            return;
        }

        ClosedChunk last = ClosedChunks.Get(state.ClosedChunks);
        if (TryRecover(last.Encoding, last.Bytes, out XorAppenderState encoder, out _) && StaleNaN.IsStale(encoder.LastValue))
        {
            NoteClosedAtMarker(ref state, encoder.LastTimestampMs);
        }
    }

    private void NoteClosedAtMarker(ref SeriesState state, long timestampMs)
    {
        state.NoteClosedAtMarker(timestampMs);
        NoteStaleness(ref state, isStale: true);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteStaleness(ref SeriesState state, bool isStale)
    {
        if (isStale != ((state.Flags & SeriesFlags.IsStale) != 0))
        {
            ChangeStaleness(ref state, isStale);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void ChangeStaleness(ref SeriesState state, bool isStale)
    {
        state.Flags = isStale ? state.Flags | SeriesFlags.IsStale : state.Flags & ~SeriesFlags.IsStale;
        Interlocked.Add(ref _staleSeries, isStale ? 1 : -1);
    }

    /// <summary>Whether the series is to be evicted, and nothing came since its samples went into a block. Under the commit lock.</summary>
    private bool IsEvicted(uint slot, in SeriesState state) =>
        _evicting is { } evicting
        && evicting.TryGetValue(slot, out long newestMs)
        && (state.Flags & (SeriesFlags.IsStale | SeriesFlags.HasOutOfOrder)) == SeriesFlags.IsStale
        && GetNewest(slot, in state) == newestMs;
}
