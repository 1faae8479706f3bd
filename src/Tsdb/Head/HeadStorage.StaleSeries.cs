using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>Series that went stale: counted as they go, and evicted before their time when they are in blocks.</content>
/// <remarks>
/// An eviction takes all chunks from a series as a truncation takes the old ones, in the same steps: views that are open when the block appears go on
/// seeing the head's samples. A series that got a sample meanwhile stays. When a series is gone from the index, the log is told, as upstream does it: by an interval over
/// all times under the series' number, which a replay takes for its end. If it comes back, it has another number. A series that is asked for again before it is gone
/// keeps its number, and the log is told nothing: a replay brings its samples back beside those in the block, where they count once.
/// </remarks>
public sealed partial class HeadStorage
{
    private Dictionary<uint, long>? _toEvict;
    private Dictionary<uint, long>? _evicting;
    private Dictionary<uint, long>? _evicted;
    private long _staleSeries;

    /// <summary>The series whose newest sample is a staleness marker.</summary>
    internal long StaleSeriesCount => Volatile.Read(ref _staleSeries);

    /// <summary>Whether series that are in blocks wait for views before they leave.</summary>
    internal bool IsEvicting
    {
        get
        {
            lock (_reclaimLock)
            {
                return _toEvict is not null || _evicting is not null || _evicted is not null;
            }
        }
    }

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

    /// <summary>At the start: the log says that a series was evicted there. What is deleted of it is not deleted of one with its labels that comes later.</summary>
    internal void ReplayLeaving(uint series)
    {
        if (!_tombstones.Get(series).IsEmpty)
        {
            DropTombstones([series]);
        }
    }

    /// <summary>At the start, when everything is replayed: series that the log says are gone, and that did not come back, leave.</summary>
    /// <param name="numbers">The numbers under which series have gone.</param>
    /// <param name="slots">The series that did not come back.</param>
    internal void FinishReplayingEvictions(ulong[] numbers, IEnumerable<uint> slots)
    {
        if (numbers.Length > 0)
        {
            // The log still holds their samples. How new they are was not noted.
            WalRefs.Leave(numbers, MaxTimeMs);
        }

        // Samples out of order may have come back behind that.
        var gone = slots.Where(slot => !HasSamples(slot)).ToDictionary(slot => slot, _ => MaxTimeMs);
        if (gone.Count > 0)
        {
            Evict(gone);
        }
    }

    /// <summary>As <see cref="ReplayLeaving"/>, in the order of the samples: nobody reads yet, and the thread is the only one for the series.</summary>
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

    /// <summary>Tells the log which series are gone before their time. Under the commit lock, before their slots get others.</summary>
    private void LogEvictions(List<uint> gone)
    {
        if (_evicted is not { } evicted || _wal is null || _closed)
        {
            return;
        }

        var whole = new List<KeyValuePair<ulong, TimeRange>>();
        var numbers = new List<ulong>();
        long untilMs = long.MinValue;
        foreach (uint slot in gone)
        {
            if (evicted.TryGetValue(slot, out long newestMs))
            {
                whole.Add(new(slot, TimeRange.All));
                numbers.Add(WalRefs.Get(slot, Pages[slot].Generation));
                untilMs = Math.Max(untilMs, newestMs);
            }
        }

        if (whole.Count == 0)
        {
            return;
        }

        WalRefs.Leave([.. numbers], untilMs);
        try
        {
            LogTombstones(whole);
        }
        catch (StorageException)
        {
            // The disk is full, for instance, which the log counts. A replay brings the samples back, and they are evicted again.
        }
    }

    /// <summary>Whether the series is to be evicted, and nothing came since its samples went into a block. Under the commit lock.</summary>
    private bool IsEvicted(uint slot, in SeriesState state) =>
        _evicting is { } evicting
        && evicting.TryGetValue(slot, out long newestMs)
        && (state.Flags & (SeriesFlags.IsStale | SeriesFlags.HasOutOfOrder)) == SeriesFlags.IsStale
        && GetNewest(slot, in state) == newestMs;
}
