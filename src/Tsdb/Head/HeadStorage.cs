using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Head.Memory;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <summary>The newest samples, in memory: columns and arenas, without an object per series, label, chunk or posting.</summary>
/// <remarks>
/// <para>
/// Locks: a commit holds the commit lock while it validates, logs and applies, so that the log has the order of the memory.
/// Within it, the apply lock is held for the applying alone. Opening a view takes the apply lock only: a disk that stalls
/// stops writers, not readers. Reading samples takes no lock at all (see <see cref="SeriesPages"/>), nor does
/// reading the index.
/// </para>
/// <para>How views are kept from seeing later commits: <see cref="ViewRegistry"/>.</para>
/// </remarks>
public sealed partial class HeadStorage : IQueryableStorage, IAppendable
{
    // A record of new series has about so many bytes, so that the buffers stay small when a million series are new at once.
    private const int SeriesBatchBytes = 1 << 20;

    private const int RowsPooledMax = 64;

    // Some rows take about as long as a line takes to arrive from memory.
    private const int RowsAhead = 8;

    private readonly Lock _commitLock = new();
    private readonly Lock _applyLock = new();
    private readonly SlabArena _openChunks = new();
    private readonly ViewRegistry _views = new();
    private readonly WalBatch _batch = new();
    private readonly ConcurrentBag<CommitRows> _rowsPool = [];
    private readonly HeadOptions _options;
    private WalWriter? _wal;
    private uint _seriesLogged;
    private uint _slotCount;
    private bool _closed;
    private long _minTimeMs = long.MaxValue;
    private long _maxTimeMs = long.MinValue;
    private long _minValidTimeMs = long.MinValue;

    /// <summary>Makes an empty head without a log.</summary>
    public HeadStorage(HeadOptions? options = null)
    {
        _options = options ?? new HeadOptions();
        Histograms = new HistogramStore(ClosedChunks, _options.ChunkRangeMs);
        Chunks = new ChunkAppender(_openChunks, ClosedChunks, _options.ChunkRangeMs, _options.SamplesPerChunk);
        Directory = new SeriesDirectory(TakeSlot);
        Chunks.KeepStarts = _options.KeepStartTimestamps;
        Histograms.KeepStarts = _options.HistogramsWithStarts;
        FloatEncoding = _options.FloatEncoding;
        Exemplars.Resize(_options.MaxExemplars);
    }

    /// <summary>The number of series.</summary>
    public long SeriesCount => Index.Count;

    /// <summary>The number of chunks, open ones included.</summary>
    public long ChunkCount => Volatile.Read(ref Chunks.ChunksCreated) - Volatile.Read(ref Counters.ChunksRemoved) + Histograms.ChunksCreated - Histograms.ChunksRemoved;

    /// <summary>The oldest sample; <see cref="long.MaxValue"/> if there is none.</summary>
    public long MinTimeMs => Volatile.Read(ref _minTimeMs);

    /// <summary>The newest sample; <see cref="long.MinValue"/> if there is none.</summary>
    public long MaxTimeMs => Volatile.Read(ref _maxTimeMs);

    /// <summary>The range that chunks and blocks are aligned to.</summary>
    public long ChunkRangeMs => _options.ChunkRangeMs;

    /// <summary>The index at this time: a truncation may replace it.</summary>
    internal HeadIndex Index => Directory.Index;

    internal SeriesDirectory Directory { get; }

    internal AppendEpochs Appends { get; } = new();

    /// <summary>Slots of series from 0 on that were ever used.</summary>
    internal uint SlotCount => Volatile.Read(ref _slotCount);

    internal SeriesPages Pages { get; } = new();

    internal ClosedChunkStore ClosedChunks { get; } = new();

    internal ChunkAppender Chunks { get; }

    internal WalRefs WalRefs { get; } = new();

    internal HeadCounters Counters { get; } = new();

    /// <summary>The epoch that the newest view got.</summary>
    internal uint NewestEpoch => _views.NewestNumber;

    /// <summary>The epoch of the first of the views that are open together; the newest if none is.</summary>
    internal uint OldestEpoch => _views.OldestNumber;

    /// <summary>The bytes that samples and index take, as far as they are counted.</summary>
    internal long MemoryBytes =>
        _openChunks.UsedBytes + ClosedChunks.UsedBytes + Index.RunBytes + Index.Symbols.Bytes + Index.Pairs.PostingsBytes;

    /// <inheritdoc/>
    public IAppender OpenAppender()
    {
        Interlocked.Increment(ref Counters.AppendersCreated);
        return new HeadAppender(this);
    }

    /// <inheritdoc/>
    public IQuerier OpenQuerier(TimeRange range)
    {
        lock (_applyLock)
        {
            // What was truncated is not seen any more from now on, whether its memory is free already or not.
            var visible = new TimeRange(Math.Max(range.MinMs, _truncatedMs), range.MaxMs);
            return new HeadQuerier(this, visible, range, _views.Open(), OutOfOrder.OpenView(), Index);
        }
    }

    /// <summary>From here on, commits are logged. All series that are there count as logged.</summary>
    internal void AttachLog(WalWriter wal)
    {
        lock (_commitLock)
        {
            _wal = wal;
            _seriesLogged = Index.Count;
        }
    }

    /// <summary>Waits for the commit at work, if there is one, and refuses those that come later.</summary>
    internal void Close()
    {
        lock (_commitLock)
        {
            _closed = true;
        }
    }

    /// <summary>Samples older than this are refused.</summary>
    internal long MinValidTimeMs => Volatile.Read(ref _minValidTimeMs);

    /// <summary>Samples older than this are refused from here on. Never goes back.</summary>
    internal void SetMinValidTime(long minValidTimeMs) => Volatile.Write(ref _minValidTimeMs, Math.Max(_minValidTimeMs, minValidTimeMs));

    internal void CloseView(ViewRegistry.Epoch epoch, long lateCommit)
    {
        lock (_applyLock)
        {
            _views.Close(epoch);
            OutOfOrder.CloseView(lateCommit);
        }

        ContinueReclaiming();
    }

    /// <summary>Columns for an appender to fill. Appenders keep none while they are empty: there may be thousands, of which few are at work.</summary>
    internal CommitRows RentRows() => _rowsPool.TryTake(out CommitRows? rows) ? rows : new CommitRows();

    internal void ReturnRows(CommitRows rows)
    {
        rows.Clear();
        if (_rowsPool.Count < RowsPooledMax)
        {
            _rowsPool.Add(rows);
        }
    }

    internal SeriesRef GetRef(uint series) => MakeRef(series, Pages[series].Generation);

    internal static SeriesRef MakeRef(uint series, byte generation) => new(((ulong)generation << 32) | (series + 1UL));

    /// <summary>The index behind a reference. False if there is no such series (any more).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryResolve(ulong reference, out uint series)
    {
        series = unchecked((uint)reference - 1);
        return (uint)reference != 0 && series < SlotCount && Pages[series].Generation == reference >> 32;
    }

    /// <summary>The newest time of a series; <see cref="long.MinValue"/> if it has no sample. For whoever holds a lock that keeps it from changing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal long GetNewest(uint series, in SeriesState state)
    {
        long newest = state.Encoder.Count > 0 ? state.Encoder.LastTimestampMs
            : state.ClosedChunks != 0 ? ClosedChunks.Get(state.ClosedChunks).MaxMs
            : long.MinValue;
        if ((state.Flags & SeriesFlags.HasHistograms) != 0)
        {
            newest = Math.Max(newest, Histograms.GetNewestMs(series));
        }

        return newest;
    }

    /// <summary>A whole copy of a series' state and of its open chunk, as it is now. Needs no lock.</summary>
    /// <param name="series">The series.</param>
    /// <param name="openChunk">Receives the bytes of the open chunk; empty if they are not wanted.</param>
    internal SeriesState CopySeries(uint series, Span<byte> openChunk)
    {
        while (true)
        {
            uint version = Pages.BeginRead(series);
            SeriesState copy = Pages[series];
            int length = Math.Min(openChunk.Length, copy.OpenUnits * SlabArena.UnitBytes);

            // The block is looked up only if handle and length belong together.
            if (length > 0 && copy.OpenChunk != 0 && Pages.EndRead(series, version))
            {
                _openChunks.GetBytes(copy.OpenChunk, length).CopyTo(openChunk);
            }

            if (Pages.EndRead(series, version))
            {
                return copy;
            }
        }
    }

    /// <summary>Validates, logs and applies the rows; says in each row's error what became of it.</summary>
    /// <exception cref="StorageException">Nothing was applied.</exception>
    internal int Commit(CommitRows rows)
    {
        lock (_commitLock)
        {
            if (_closed)
            {
                throw new StorageException("TSDB is closed");
            }

            long newestMs = _maxTimeMs;
            ConvertStaleMarkers(rows);
            int accepted = Validate(rows);
            bool hasExtras = rows.Extras?.Validate(this) == true;
            bool takesLate = _outOfOrderWindowMs > 0 && !rows.DropsLate;
            if (accepted == 0 && !hasExtras && _seriesLogged == Index.Count && !(takesLate && HasLate(rows)))
            {
                return 0;
            }

            Log(rows);
            if (accepted > 0)
            {
                lock (_applyLock)
                {
                    accepted = Apply(rows);
                }

                TellIfCompactable();
            }

            if (hasExtras)
            {
                rows.Extras!.Apply(this);
            }

            return takesLate && HasLate(rows) ? accepted + StoreOutOfOrder(rows, newestMs) : accepted;
        }
    }

    /// <summary>Applies a sample from the log. Series whose indexes share their upper 26 bits must come from one thread. False if it is not newer than the last.</summary>
    internal bool Replay(uint series, long timestampMs, double value, long startMs = 0)
    {
        ref SeriesState state = ref Pages[series];
        long newestMs = GetNewest(series, in state);
        if (timestampMs == newestMs && state.OpenChunk == 0 && StaleNaN.IsStale(value))
        {
            NoteClosedAtMarker(ref state, timestampMs);
        }

        if (timestampMs < _minValidTimeMs || timestampMs <= newestMs)
        {
            return false;
        }

        AppendFloat(series, ref state, timestampMs, value, startMs);
        return true;
    }

    /// <inheritdoc cref="Replay(uint, long, double, long)"/>
    internal bool Replay(uint series, long timestampMs, FloatHistogram histogram, long startMs = 0)
    {
        ref SeriesState state = ref Pages[series];
        if (timestampMs < _minValidTimeMs || timestampMs <= GetNewest(series, in state) || !HistogramValidation.IsValid(histogram))
        {
            return false;
        }

        AppendHistogram(series, ref state, timestampMs, histogram, startMs);
        return true;
    }

    /// <summary>Extends the head's time range.</summary>
    internal void CoverTimes(long minMs, long maxMs)
    {
        lock (_applyLock)
        {
            Volatile.Write(ref _minTimeMs, Math.Min(_minTimeMs, minMs));
            Volatile.Write(ref _maxTimeMs, Math.Max(_maxTimeMs, maxMs));
        }
    }

    /// <summary>A slot for a new series. Called under the directory's lock.</summary>
    private uint TakeSlot()
    {
        if (!_freeSlots.TryPop(out uint slot))
        {
            slot = _slotCount;
            Pages.EnsureRoom(slot);
            Volatile.Write(ref _slotCount, slot + 1);
        }

        WalRefs.OnSeriesAdding(slot);
        Interlocked.Increment(ref Counters.SeriesCreated);
        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Validate(CommitRows rows)
    {
        // Upstream takes no sample older than half a chunk range behind the newest: such chunks may be on their way to a block.
        long newest = _maxTimeMs;
        long oldestAllowed = newest == long.MinValue ? _minValidTimeMs : Math.Max(_minValidTimeMs, newest - (_options.ChunkRangeMs / 2));
        int accepted = 0;
        uint previousSeries = uint.MaxValue;
        long previousMs = long.MinValue;
        for (int i = 0; i < rows.Count; i++)
        {
            if (i + RowsAhead < rows.Count)
            {
                Pages.Prefetch((uint)rows.Refs[i + RowsAhead] - 1);
            }

            AppendError error = AppendError.None;
            RowPlan plan = RowPlan.Skip;
            long timestampMs = rows.Timestamps[i];
            if (!TryResolve(rows.Refs[i], out uint series))
            {
                error = AppendError.UnknownSeries;
                Counters.SeriesNotFound++;
            }
            else if (rows.GetHistogram(i) is { } histogram && !HistogramValidation.IsValid(histogram))
            {
                error = AppendError.InvalidHistogram;
            }
            else if (timestampMs < oldestAllowed)
            {
                error = AppendError.OutOfBounds;
                if (_outOfOrderWindowMs == 0)
                {
                    Interlocked.Increment(ref rows.GetHistogram(i) is null ? ref Counters.OutOfBoundSamples : ref Counters.OutOfBoundHistograms);
                }
                else
                {
                    ObserveOutOfOrder(timestampMs);
                }
            }
            else if (series == previousSeries && timestampMs <= previousMs)
            {
                // Rows of one series usually stand together. Not newer than the row before, it will not be stored; why, shows when that row is.
                plan = RowPlan.Judge;
            }
            else
            {
                ref SeriesState state = ref Pages[series];
                long lastMs = series == previousSeries ? previousMs : GetNewest(series, in state);
                if (timestampMs <= lastMs)
                {
                    error = Compare(rows, i, series, in state, lastMs);
                }
                else
                {
                    plan = RowPlan.Store;
                    accepted++;
                    previousSeries = series;
                    previousMs = timestampMs;
                }
            }

            rows.Errors[i] = error;
            rows.Plans[i] = plan;
        }

        return accepted;
    }

    /// <summary>What is wrong with a sample that is not newer than the last one: nothing if it is that one again.</summary>
    private AppendError Compare(CommitRows rows, int row, uint series, in SeriesState state, long lastMs)
    {
        FloatHistogram? histogram = rows.GetHistogram(row);
        if (rows.Timestamps[row] < lastMs)
        {
            if (_outOfOrderWindowMs == 0)
            {
                Interlocked.Increment(ref histogram is null ? ref Counters.OutOfOrderSamples : ref Counters.OutOfOrderHistograms);
            }

            ObserveOutOfOrder(rows.Timestamps[row]);

            return AppendError.OutOfOrder;
        }

        bool lastIsFloat = state.HasNewestFloat && state.Encoder.LastTimestampMs == lastMs;
        bool same = lastIsFloat
            ? histogram is null && BitConverter.DoubleToUInt64Bits(rows.Values[row]) == BitConverter.DoubleToUInt64Bits(state.Encoder.LastValue)
            : histogram is not null && Histograms.TryGetNewest(series, in state, out _, out FloatHistogram? newest) && HistogramStore.AreSame(histogram, newest!);
        if (!same && lastIsFloat)
        {
            rows.NoteExisting(row, state.Encoder.LastValue);
        }

        return same ? AppendError.None : AppendError.DuplicateTimestamp;
    }

    private void Log(CommitRows rows)
    {
        if (_wal is null)
        {
            return;
        }

        _batch.Clear();
        try
        {
            uint logged = EncodeNewSeries();
            rows.Encode(_batch, WalRefs);
            rows.Extras?.Encode(_batch, WalRefs);
            _wal.Log(_batch);
            _seriesLogged = logged;
        }
        finally
        {
            _batch.Clear();
        }
    }

    /// <summary>New series come before the first samples in the log after them, whoever created them.</summary>
    private uint EncodeNewSeries()
    {
        HeadIndex index = Index;
        uint end = index.Count;
        if (_seriesLogged == end)
        {
            return end;
        }

        SeriesRecordWriter writer = SeriesRecordWriter.Begin(_batch.Buffer);
        for (uint series = _seriesLogged; series < end; series++)
        {
            ReadOnlySpan<uint> pairs = index.GetPairs(series);
            uint slot = index.SlotOf(series);
            writer.BeginSeries(WalRefs.Get(slot, Pages[slot].Generation), pairs.Length);
            foreach (uint pair in pairs)
            {
                writer.AddLabel(index.Symbols.Get(index.Pairs.NameOf(pair)), index.Symbols.Get(index.Pairs.ValueOf(pair)));
            }

            if (_batch.Buffer.Length > SeriesBatchBytes && series + 1 < end)
            {
                _batch.EndRecord();
                _wal!.Log(_batch);
                _seriesLogged = series + 1;
                _batch.Clear();
                writer = SeriesRecordWriter.Begin(_batch.Buffer);
            }
        }

        _batch.EndRecord();
        return end;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Apply(CommitRows rows)
    {
        ViewRegistry.Epoch? epoch = _views.Current;
        long min = _minTimeMs;
        long max = _maxTimeMs;
        int appended = 0;
        int histograms = 0;
        uint writing = uint.MaxValue;
        try
        {
            for (int i = 0; i < rows.Count; i++)
            {
                if (i + RowsAhead < rows.Count && rows.Plans[i + RowsAhead] == RowPlan.Store)
                {
                    Chunks.Prefetch(in Pages[(uint)rows.Refs[i + RowsAhead] - 1]);
                }

                if (rows.Plans[i] == RowPlan.Skip)
                {
                    continue;
                }

                uint series = (uint)rows.Refs[i] - 1;
                long timestampMs = rows.Timestamps[i];
                ref SeriesState state = ref Pages[series];
                long lastMs = GetNewest(series, in state);
                if (timestampMs <= lastMs)
                {
                    // An earlier row of this commit was newer, or as new.
                    rows.Errors[i] = Compare(rows, i, series, in state, lastMs);
                    continue;
                }

                if (epoch is not null && state.Epoch != epoch.Number)
                {
                    // Before the series changes: whoever sees the change finds the note.
                    epoch.Note(series, lastMs);
                }

                Pages.BeginWrite(series);
                writing = series;
                if (epoch is not null)
                {
                    state.Epoch = epoch.Number;
                }

                if (rows.GetHistogram(i) is { } histogram)
                {
                    AppendHistogram(series, ref state, timestampMs, histogram, rows.GetStart(i));
                    histograms++;
                }
                else
                {
                    AppendFloat(series, ref state, timestampMs, rows.Values[i], rows.GetStart(i));
                }

                Pages.EndWrite(series);
                writing = uint.MaxValue;
                appended++;
                min = Math.Min(min, timestampMs);
                max = Math.Max(max, timestampMs);
            }
        }
        finally
        {
            // Out of memory, at worst: readers must not wait for ever.
            if (writing != uint.MaxValue)
            {
                Pages.EndWrite(writing);
            }
        }

        Volatile.Write(ref _minTimeMs, min);
        Volatile.Write(ref _maxTimeMs, max);
        Volatile.Write(ref Counters.FloatSamplesAppended, Counters.FloatSamplesAppended + appended - histograms);
        Volatile.Write(ref Counters.HistogramSamplesAppended, Counters.HistogramSamplesAppended + histograms);
        return appended;
    }
}
