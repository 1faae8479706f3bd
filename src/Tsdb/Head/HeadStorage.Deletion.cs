using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <content>Deletion: intervals by series that views leave out, and that a block from the head does not get.</content>
/// <remarks>
/// An interval reaches no further than the samples that the series has, as upstream has it: those that it gets later are not deleted,
/// even if the range that was given holds their times.
/// </remarks>
public sealed partial class HeadStorage
{
    // About half a megabyte: who reads the log needs memory for one record at a time.
    private const int TombstonesPerRecord = 1 << 15;

    private volatile TombstoneSet _tombstones = TombstoneSet.Empty;

    /// <summary>What is deleted, by slot. A view keeps what it found at its opening.</summary>
    internal TombstoneSet Tombstones => _tombstones;

    /// <summary>Marks the samples of matching series in the range as deleted, and returns the number of series with such.</summary>
    /// <exception cref="StorageException">Nothing was deleted, for instance because the disk is full.</exception>
    public int Delete(IReadOnlyList<LabelMatcher> matchers, TimeRange range, CancellationToken cancellationToken = default)
    {
        // The matchers may take a while: not under the lock that commits wait for.
        using var view = (HeadQuerier)OpenQuerier(TimeRange.All);
        uint[] found = view.SelectVisible(matchers, checkOldest: false, out int count, cancellationToken);
        var deleted = new List<KeyValuePair<ulong, TimeRange>>(count);
        try
        {
            for (int i = 0; i < count; i++)
            {
                uint slot = view.Index.SlotOf(found[i]);
                if (view.GetBounds(slot) is { } bounds && bounds.Overlaps(range))
                {
                    deleted.Add(new(slot, new TimeRange(Math.Max(bounds.MinMs, range.MinMs), Math.Min(bounds.MaxMs, range.MaxMs))));
                }
            }
        }
        finally
        {
            HeadQuerier.Return(found);
        }

        if (deleted.Count == 0)
        {
            return 0;
        }

        lock (_commitLock)
        {
            if (_closed)
            {
                throw new StorageException("TSDB is closed");
            }

            // The view holds the samples that were found, and with them the series in their slots.
            LogTombstones(deleted);
            _tombstones = _tombstones.With(deleted);
        }

        return deleted.Count;
    }

    /// <summary>
    /// Applies deleted intervals from the log, also those before all that the head takes: samples out of order, which are replayed later, may be in them.
    /// Before there are commits.
    /// </summary>
    internal void Replay(IReadOnlyCollection<KeyValuePair<ulong, TimeRange>> deleted)
    {
        KeyValuePair<ulong, TimeRange>[] valid = [.. deleted.Where(entry => entry.Value.MinMs <= entry.Value.MaxMs)];
        if (valid.Length > 0)
        {
            _tombstones = _tombstones.With(valid);
        }
    }

    /// <summary>When everything is replayed: intervals without any samples are forgotten.</summary>
    internal void FinishReplayingDeletions()
    {
        lock (_commitLock)
        {
            DropTombstones(Math.Min(_minValidTimeMs, OutOfOrder.Range.MinMs));
        }
    }

    private void LogTombstones(List<KeyValuePair<ulong, TimeRange>> deleted)
    {
        if (_wal is null)
        {
            return;
        }

        _batch.Clear();
        try
        {
            TombstonesRecordWriter writer = default;
            for (int i = 0; i < deleted.Count; i++)
            {
                if (i % TombstonesPerRecord == 0)
                {
                    _batch.EndRecord();
                    writer = TombstonesRecordWriter.Begin(_batch.Buffer);
                }

                (ulong slot, TimeRange interval) = deleted[i];
                writer.Add(WalRefs.Get((uint)slot, Pages[(uint)slot].Generation), interval.MinMs, interval.MaxMs);
            }

            _batch.EndRecord();
            _wal.Log(_batch);
        }
        finally
        {
            _batch.Clear();
        }
    }

    /// <summary>Forgets intervals that no sample can be in any more. Under the commit lock.</summary>
    private void DropTombstones(long beforeMs) => _tombstones = _tombstones.Without(beforeMs);

    /// <summary>Forgets the intervals of series that are gone, before their slots get others. Under the commit lock.</summary>
    private void DropTombstones(IReadOnlyCollection<uint> slots) => _tombstones = _tombstones.Without(slots);
}
