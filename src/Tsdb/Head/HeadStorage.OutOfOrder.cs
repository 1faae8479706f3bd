using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.OutOfOrder;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <content>Samples that are older than the newest of their series, or than what the head takes in order: stored beside it if a window allows that.</content>
/// <remarks>
/// Validation and storing in order know nothing of it. What they have refused for its age is judged a second time, when the rest of the commit is stored,
/// and goes into a log of its own: what is in the write-ahead log can thus be replayed without a look at it.
/// </remarks>
public sealed partial class HeadStorage
{
    private readonly List<int> _lateRows = [];
    private readonly WalBatch _lateBatch = new();
    private WalWriter? _lateLog;
    private long _outOfOrderWindowMs;

    /// <summary>How much older than the newest sample of the head a sample may be that comes out of order; 0 for none.</summary>
    internal long OutOfOrderWindowMs => Volatile.Read(ref _outOfOrderWindowMs);

    internal OutOfOrderStore OutOfOrder { get; } = new();

    /// <summary>Is told by how many seconds a sample is older than the newest one of the head, of each that comes out of order, taken or not.</summary>
    internal Action<double>? OutOfOrderSeen { get; set; }

    /// <summary>Changes the window. A log must be attached before it is opened for the first time, where there is one for the rest.</summary>
    internal void SetOutOfOrderWindow(long windowMs)
    {
        lock (_commitLock)
        {
            Volatile.Write(ref _outOfOrderWindowMs, Math.Max(0, windowMs));
        }
    }

    /// <summary>From here on, samples out of order are logged.</summary>
    internal void AttachOutOfOrderLog(WalWriter log)
    {
        lock (_commitLock)
        {
            _lateLog = log;
        }
    }

    /// <summary>Stores a sample out of order from the log. Before there are commits.</summary>
    internal void ReplayOutOfOrder(uint slot, long timestampMs, double value, FloatHistogram? histogram, long startMs = 0)
    {
        // What a commit would not have taken cannot be encoded either.
        if (histogram is null || HistogramValidation.IsValid(histogram))
        {
            lock (_applyLock)
            {
                StoreOutOfOrder(slot, timestampMs, value, histogram, startMs);
            }
        }
    }

    /// <summary>
    /// Makes full chunks of all samples out of order and hands out those of each series. What the log got before is in its segments before
    /// <paramref name="segment"/>; -1 without a log.
    /// </summary>
    internal Dictionary<uint, OutOfOrderChunk[]> CloseOutOfOrder(out int segment)
    {
        lock (_commitLock)
        {
            segment = _lateLog?.CutSegment() ?? -1;
        }

        var closed = new Dictionary<uint, OutOfOrderChunk[]>();
        foreach (uint[] slots in OutOfOrder.Slots.Chunk((int)SeriesPerStep))
        {
            lock (_commitLock)
            {
                lock (_applyLock)
                {
                    OutOfOrder.BeginCommit();
                    foreach (uint slot in slots)
                    {
                        if (OutOfOrder.Close(slot) is { Length: > 0 } chunks)
                        {
                            closed.Add(slot, chunks);
                        }
                    }
                }
            }
        }

        return closed;
    }

    /// <summary>All samples out of order as chunks. Nothing changes; what is committed meanwhile may be among them.</summary>
    internal Dictionary<uint, OutOfOrderChunk[]> CopyOutOfOrder()
    {
        var copied = new Dictionary<uint, OutOfOrderChunk[]>();
        foreach (uint[] slots in OutOfOrder.Slots.Chunk((int)SeriesPerStep))
        {
            lock (_applyLock)
            {
                foreach (uint slot in slots)
                {
                    if (OutOfOrder.GetNewest(slot) is { IsEmpty: false } version)
                    {
                        var chunks = new List<OutOfOrderChunk>(version.Closed);
                        version.EncodeOpen(chunks);
                        copied.Add(slot, [.. chunks]);
                    }
                }
            }
        }

        return copied;
    }

    /// <summary>Drops chunks that were handed out, for those who look from now on, when they are in blocks.</summary>
    internal void DropOutOfOrder(Dictionary<uint, OutOfOrderChunk[]> closed, int segment)
    {
        foreach (KeyValuePair<uint, OutOfOrderChunk[]>[] some in closed.Chunk((int)SeriesPerStep))
        {
            lock (_commitLock)
            {
                lock (_applyLock)
                {
                    OutOfOrder.BeginCommit();
                    foreach ((uint slot, OutOfOrderChunk[] chunks) in some)
                    {
                        if (!OutOfOrder.Drop(slot, chunks.Length))
                        {
                            MarkOutOfOrder(slot, has: false);
                        }
                    }
                }
            }
        }

        lock (_commitLock)
        {
            lock (_applyLock)
            {
                OutOfOrder.Tidy();
            }
        }

        ReleaseOutOfOrderChunks(closed.Values);

        if (segment >= 0)
        {
            _lateLog!.TruncateBefore(segment);
        }
    }

    private void ObserveOutOfOrder(long timestampMs)
    {
        if (OutOfOrderSeen is { } seen && _maxTimeMs != long.MinValue)
        {
            seen((_maxTimeMs - timestampMs) / 1000.0);
        }
    }

    private static bool HasLate(CommitRows rows) =>
        rows.Errors.AsSpan(0, rows.Count).IndexOfAny(AppendError.OutOfOrder, AppendError.OutOfBounds) >= 0;

    /// <summary>Stores what was refused for its age and is within the window. Returns how many samples that were.</summary>
    /// <param name="rows">The rows, with what became of them so far.</param>
    /// <param name="newestMs">The newest sample of the head before the commit.</param>
    /// <exception cref="StorageException">None of those is stored.</exception>
    private int StoreOutOfOrder(CommitRows rows, long newestMs)
    {
        _lateRows.Clear();
        long newest = newestMs == long.MinValue ? rows.Timestamps[0] : newestMs;
        long oldest = newest < long.MinValue + _outOfOrderWindowMs ? long.MinValue : newest - _outOfOrderWindowMs;
        for (int i = 0; i < rows.Count; i++)
        {
            if (rows.Errors[i] is not (AppendError.OutOfOrder or AppendError.OutOfBounds))
            {
                continue;
            }

            if (rows.Timestamps[i] < oldest)
            {
                rows.Errors[i] = AppendError.TooOld;
                Interlocked.Increment(ref Counters.TooOldSamples);
                continue;
            }

            if (rows.GetHistogram(i) is { } histogram && !HistogramValidation.IsValid(histogram))
            {
                rows.Errors[i] = AppendError.InvalidHistogram;
                continue;
            }

            rows.Errors[i] = AppendError.None;
            if (!OutOfOrder.Repeats((uint)rows.Refs[i] - 1, rows.Timestamps[i]))
            {
                _lateRows.Add(i);
            }
        }

        if (_lateRows.Count == 0)
        {
            return 0;
        }

        int stored = 0;
        while (_lateRows.Count > 0)
        {
            // A round fills no chunk beyond its end: before the next one, full chunks go to files, which the log then says in its right place.
            CutOutOfOrder(rows);
            TakeLateRound(rows);
            LogOutOfOrder(rows);
            stored += ApplyOutOfOrder(rows);
        }

        return stored;
    }

    private int ApplyOutOfOrder(CommitRows rows)
    {
        int floats = 0;
        int histograms = 0;
        lock (_applyLock)
        {
            OutOfOrder.BeginCommit();
            foreach (int row in _lateRound)
            {
                FloatHistogram? late = rows.GetHistogram(row);
                if (StoreOutOfOrder((uint)rows.Refs[row] - 1, rows.Timestamps[row], rows.Values[row], late, rows.GetStart(row)))
                {
                    floats += late is null ? 1 : 0;
                    histograms += late is null ? 0 : 1;
                }
            }
        }

        Volatile.Write(ref Counters.FloatSamplesAppended, Counters.FloatSamplesAppended + floats);
        Volatile.Write(ref Counters.HistogramSamplesAppended, Counters.HistogramSamplesAppended + histograms);
        Volatile.Write(ref Counters.OutOfOrderFloatsAppended, Counters.OutOfOrderFloatsAppended + floats);
        Volatile.Write(ref Counters.OutOfOrderHistogramsAppended, Counters.OutOfOrderHistogramsAppended + histograms);
        return floats + histograms;
    }

    private void LogOutOfOrder(CommitRows rows)
    {
        if (_lateLog is null)
        {
            return;
        }

        _lateBatch.Clear();
        try
        {
            EncodeMarkers(_lateBatch);
            rows.EncodeRows(_lateBatch, WalRefs, _lateRound);
            _lateLog.Log(_lateBatch);
        }
        finally
        {
            _lateBatch.Clear();
        }
    }

    private bool StoreOutOfOrder(uint slot, long timestampMs, double value, FloatHistogram? histogram, long startMs)
    {
        if (!OutOfOrder.Insert(slot, timestampMs, value, histogram, startMs))
        {
            return false;
        }

        if ((Pages[slot].Flags & SeriesFlags.HasOutOfOrder) == 0)
        {
            MarkOutOfOrder(slot, has: true);
        }

        return true;
    }

    private void MarkOutOfOrder(uint slot, bool has)
    {
        ref SeriesState state = ref Pages[slot];
        Pages.BeginWrite(slot);
        state.Flags = has ? state.Flags | SeriesFlags.HasOutOfOrder : state.Flags & ~SeriesFlags.HasOutOfOrder;
        Pages.EndWrite(slot);
    }
}
