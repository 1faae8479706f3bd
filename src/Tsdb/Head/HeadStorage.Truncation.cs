using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>Dropping what is old, and the memory of it.</content>
/// <remarks>
/// <para>
/// A truncation takes effect at once: views opened later do not see what is before it, and commits do not add to it. Views opened earlier
/// go on seeing everything. So the memory is reclaimed in steps, each of which waits until those that could be disturbed are gone:
/// </para>
/// <list type="number">
/// <item>When the views from before the truncation are closed, old chunks are unlinked from their series, and series without any
/// chunk are marked.</item>
/// <item>When the views that might still be walking unlinked chunks are closed, those are freed.</item>
/// <item>When the appends from before the marking are done, and if enough is dead to be worth it, the index is replaced by one
/// without the dead, whose references mean nothing from then on and whose slots are used again.</item>
/// </list>
/// <para>Nobody waits for that: what holds it up continues it when it ends.</para>
/// </remarks>
public sealed partial class HeadStorage
{
    // A commit waits for the unlinking of so many series at most: well under a millisecond.
    private const uint SeriesPerStep = 2048;

    // Dead series are kept until they are so many of all, as replacing the index touches everything in it.
    private const int DeadShareMin = 16;

    private readonly Lock _reclaimLock = new();
    private readonly Stack<uint> _freeSlots = new();
    private readonly List<uint> _cutOff = [];
    private long _truncatedMs = long.MinValue;
    private ReclaimStep _step;
    private long _reclaimingMs;
    private long _reclaimedMs = long.MinValue;
    private uint _barrier;
    private int _continuing;
    private volatile bool _reclaiming;

    private enum ReclaimStep
    {
        Idle,
        Unlink,
        Free,
        Collect,
    }

    /// <summary>Whether memory waits for views or appends to end.</summary>
    internal bool IsReclaiming => _reclaiming;

    /// <summary>Bytes held for samples, in use or not.</summary>
    internal long ReservedChunkBytes => _openChunks.ReservedBytes + ClosedChunks.ReservedBytes;

    /// <summary>Drops everything before a time, for all who look from now on, and refuses it in commits. The memory follows when nobody needs it.</summary>
    public void Truncate(long minTimeMs)
    {
        // The commit lock: a commit that is validated already is applied before.
        lock (_commitLock)
        {
            lock (_applyLock)
            {
                if (minTimeMs <= _truncatedMs)
                {
                    return;
                }

                _truncatedMs = minTimeMs;
                DropTombstones(Math.Min(minTimeMs, OutOfOrder.Range.MinMs));
                Volatile.Write(ref _minValidTimeMs, Math.Max(_minValidTimeMs, minTimeMs));
                if (_minTimeMs != long.MaxValue)
                {
                    Volatile.Write(ref _minTimeMs, Math.Max(_minTimeMs, minTimeMs));
                }
            }
        }

        _reclaiming = true;
        Reclaim();
    }

    /// <summary>Frees what can be freed now. True if nothing is left to be done.</summary>
    internal bool Reclaim()
    {
        lock (_reclaimLock)
        {
            while (Advance())
            {
            }

            bool done = _step == ReclaimStep.Idle;
            if (done)
            {
                _reclaiming = false;

                // A truncation may have come in since the last look.
                done = Volatile.Read(ref _truncatedMs) == _reclaimedMs && _toEvict is null;
                _reclaiming = !done;
            }

            return done;
        }
    }

    /// <summary>An appender is empty again.</summary>
    internal void LeaveAppend(int side)
    {
        if (Appends.Leave(side))
        {
            ContinueReclaiming();
        }
    }

    private void ContinueReclaiming()
    {
        // Not on the thread of a query or a scrape: it may be a second's work.
        if (_reclaiming && Interlocked.Exchange(ref _continuing, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(
                static head =>
                {
                    Volatile.Write(ref head._continuing, 0);
                    head.Reclaim();
                },
                this,
                preferLocal: false);
        }
    }

    /// <summary>Takes one step. False if there is none, or if it has to wait.</summary>
    private bool Advance()
    {
        switch (_step)
        {
            case ReclaimStep.Idle:
                lock (_applyLock)
                {
                    if (_truncatedMs == _reclaimedMs && _toEvict is null)
                    {
                        return false;
                    }

                    (_evicting, _toEvict) = (_toEvict, null);
                    _reclaimingMs = _truncatedMs;
                    _barrier = _views.SetBarrier();
                }

                _step = ReclaimStep.Unlink;
                return true;

            case ReclaimStep.Unlink:
                if (!HaveViewsPassed())
                {
                    return false;
                }

                Unlink();
                lock (_applyLock)
                {
                    _barrier = _views.SetBarrier();
                }

                _step = ReclaimStep.Free;
                return true;

            case ReclaimStep.Free:
                if (!HaveViewsPassed())
                {
                    return false;
                }

                FreeChunks();
                _step = ReclaimStep.Collect;
                return true;

            default:
                if (!Appends.HavePassed)
                {
                    return false;
                }

                Collect();
                _evicted = null;
                _reclaimedMs = _reclaimingMs;
                _step = ReclaimStep.Idle;
                return true;
        }
    }

    private bool HaveViewsPassed()
    {
        lock (_applyLock)
        {
            return _views.HasPassed(_barrier);
        }
    }

    private void Unlink()
    {
        HeadIndex index = Index;

        // Only what is in the log can be dead: what is not has just been made, and its record has to be written in its turn.
        uint end;
        lock (_commitLock)
        {
            end = _wal is null ? index.Count : Math.Min(_seriesLogged, index.Count);
        }

        var dead = new SeriesSet(end);
        for (uint first = 0; first < end; first += Math.Min(SeriesPerStep, end - first))
        {
            lock (_commitLock)
            {
                for (uint series = first; series < Math.Min(end, first + (long)SeriesPerStep); series++)
                {
                    if (!Unlink(index.SlotOf(series)))
                    {
                        dead.Add(series);
                    }
                }
            }
        }

        (_evicted, _evicting) = (_evicting, null);
        if (dead.Count > 0 && (_evicted is not null || dead.Count * DeadShareMin >= index.Count))
        {
            Directory.Mark(dead);
            Appends.Turn();
        }
    }

    /// <summary>Takes the old chunks away from a series. False if it has no samples left.</summary>
    private bool Unlink(uint series)
    {
        ref SeriesState state = ref Pages[series];
        bool evicted = IsEvicted(series, in state);
        long minMs = evicted ? long.MaxValue : _reclaimingMs;
        uint closed = ClosedChunks.Cut(state.ClosedChunks, minMs, out uint cutOff);
        bool dropOpen = state.OpenChunk != 0 && state.Encoder.LastTimestampMs < minMs;
        bool hasHistograms = (state.Flags & SeriesFlags.HasHistograms) != 0 && Histograms.DropBefore(series, minMs, closed);
        bool losesHistograms = !hasHistograms && (state.Flags & SeriesFlags.HasHistograms) != 0;
        if (cutOff != 0)
        {
            _cutOff.Add(cutOff);
        }

        if (closed != state.ClosedChunks || dropOpen || losesHistograms)
        {
            Pages.BeginWrite(series);
            state.ClosedChunks = closed;
            if (dropOpen)
            {
                Chunks.Drop(ref state);
                Interlocked.Increment(ref Counters.ChunksRemoved);
            }

            if (losesHistograms)
            {
                state.Flags &= ~SeriesFlags.HasHistograms;
            }

            if (evicted)
            {
                NoteStaleness(ref state, isStale: false);
            }

            Pages.EndWrite(series);
        }

        return HasSamples(series);
    }

    private bool HasSamples(uint series)
    {
        ref readonly SeriesState state = ref Pages[series];
        return state.OpenChunk != 0 || state.ClosedChunks != 0 || (state.Flags & (SeriesFlags.HasHistograms | SeriesFlags.HasOutOfOrder)) != 0;
    }

    private void FreeChunks()
    {
        long freed = ClosedChunks.Free(_cutOff);
        _cutOff.Clear();
        _cutOff.TrimExcess();
        Interlocked.Add(ref Counters.ChunksRemoved, freed);
        ClosedChunks.ReleaseMemory();
        _openChunks.ReleaseEmpty();
        ReleaseChunkFiles();
    }

    private void Collect()
    {
        if (!Directory.HasMarks)
        {
            return;
        }

        Directory.Rebuild(
            _commitLock,
            slot => !HasSamples(slot),
            gone =>
            {
                LogEvictions(gone);
                DropTombstones(gone);
                foreach (uint slot in gone)
                {
                    Metadata.Forget(slot);
                    OutOfOrder.Forget(slot);
                    ref SeriesState state = ref Pages[slot];
                    Pages.BeginWrite(slot);
                    NoteStaleness(ref state, isStale: false);
                    state = new SeriesState { Generation = (byte)(state.Generation + 1), Epoch = state.Epoch };
                    Pages.EndWrite(slot);

                    // A slot that has used up its generations is not used again, so that no reference ever means another series.
                    if (state.Generation != byte.MaxValue)
                    {
                        _freeSlots.Push(slot);
                    }
                }

                // Those that are not in the log yet are the last ones in the new index too.
                _seriesLogged -= Math.Min(_seriesLogged, (uint)gone.Count);
                Interlocked.Add(ref Counters.SeriesRemoved, gone.Count);
            });
    }
}
