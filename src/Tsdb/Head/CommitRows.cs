using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <summary>What a commit does with a row.</summary>
internal enum RowPlan : byte
{
    /// <summary>Log it and store it, unless another row of the commit is in its way.</summary>
    Store,

    /// <summary>Nothing: it is refused, or it repeats what is stored.</summary>
    Skip,

    /// <summary>It is not stored; whether it is refused depends on rows before it.</summary>
    Judge,
}

/// <summary>The rows of one commit in columns. Kept by its appender from commit to commit.</summary>
internal sealed partial class CommitRows
{
    private readonly List<(int Row, FloatHistogram Histogram)> _histograms = [];
    private int _capacity = 256;
    private ulong[] _loggedRefs = [];
    private long[] _loggedTimestamps = [];
    private double[] _loggedValues = [];
    private int _nextHistogram;

    public ulong[] Refs = new ulong[256];
    public long[] Timestamps = new long[256];
    public double[] Values = new double[256];
    public AppendError[] Errors = new AppendError[256];

    public RowPlan[] Plans = new RowPlan[256];

    /// <summary>The number of rows.</summary>
    public int Count { get; private set; }

    /// <summary>What comes beside the rows; null if nothing ever did.</summary>
    public CommitExtras? Extras { get; private set; }

    /// <summary>Whether there is nothing to commit.</summary>
    public bool IsEmpty => Count == 0 && Extras is null or { IsEmpty: true };

    /// <summary>Where to put what comes beside the rows.</summary>
    public CommitExtras GetExtras() => Extras ??= new CommitExtras();

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ulong reference, long timestampMs, double value)
    {
        if (Count == _capacity)
        {
            Grow();
        }

        Refs[Count] = reference;
        Timestamps[Count] = timestampMs;
        Values[Count] = value;
        Count++;
    }

    public void Add(ulong reference, long timestampMs, FloatHistogram histogram)
    {
        _histograms.Add((Count, histogram));
        Add(reference, timestampMs, histogram.Sum);
    }

    /// <summary>Makes a row of a float one of a histogram.</summary>
    public void MakeHistogram(int row, FloatHistogram histogram)
    {
        int place = _histograms.FindIndex(entry => entry.Row > row);
        _histograms.Insert(place < 0 ? _histograms.Count : place, (row, histogram));
        _nextHistogram = 0;
    }

    /// <summary>The histogram of a row; null if it is a float. Cheap when rows are asked for in ascending order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FloatHistogram? GetHistogram(int row) => _histograms.Count == 0 ? null : FindHistogram(row);

    private FloatHistogram? FindHistogram(int row)
    {
        if (_nextHistogram >= _histograms.Count || _histograms[_nextHistogram].Row > row)
        {
            _nextHistogram = 0;
        }

        while (_nextHistogram < _histograms.Count - 1 && _histograms[_nextHistogram].Row < row)
        {
            _nextHistogram++;
        }

        return _histograms[_nextHistogram] is var (found, histogram) && found == row ? histogram : null;
    }

    public void Clear()
    {
        ClearStarts();
        _existing?.Clear();
        Count = 0;
        Extras?.Clear();
        _histograms.Clear();
        _nextHistogram = 0;

        // What a rare huge commit needed is given back.
        if (_capacity > 1 << 17)
        {
            Resize(256);
        }
    }

    /// <summary>Appends the records of the rows that passed validation.</summary>
    public void Encode(WalBatch batch, WalRefs walRefs)
    {
        if (walRefs.AreIdentical && _histograms.Count == 0 && !HasStarts && AllPassed())
        {
            SamplesRecord.Encode(batch.Buffer, Refs.AsSpan(0, Count), Timestamps.AsSpan(0, Count), Values.AsSpan(0, Count));
            batch.EndRecord();
            return;
        }

        EnsureLoggedRoom();
        if (HasSeriesOfSeveralKinds())
        {
            EncodeInOrder(batch, walRefs);
            return;
        }

        int count = 0;
        for (int i = 0; i < Count; i++)
        {
            if (Passed(i) && GetHistogram(i) is null)
            {
                Note(walRefs, i, count);
                count++;
            }
        }

        EncodeNoted(batch, count);
        (RecordType first, RecordType last) = HasStarts
            ? (RecordType.HistogramSamplesV2, RecordType.FloatHistogramSamplesV2)
            : (RecordType.HistogramSamples, RecordType.CustomBucketsFloatHistogramSamples);
        for (RecordType type = first; type <= last && _histograms.Count > 0; type++)
        {
            EncodeHistograms(batch, walRefs, type);
        }
    }

    /// <summary>Appends the records of these rows.</summary>
    public void EncodeRows(WalBatch batch, WalRefs walRefs, List<int> rows)
    {
        // Rows that came out of order are few: nothing is pooled for them.
        EnsureLoggedRoom();
        int floats = 0;
        foreach (int row in rows.Where(row => GetHistogram(row) is null))
        {
            Note(walRefs, row, floats++);
        }

        EncodeNoted(batch, floats);
        foreach (IGrouping<RecordType, int> group in rows
            .Where(row => GetHistogram(row) is not null)
            .GroupBy(row => TypeFor(GetHistogram(row)!)))
        {
            HistogramsRecordWriter writer = HistogramsRecordWriter.Begin(batch.Buffer, group.Key);
            foreach (int row in group)
            {
                writer.Add(LoggedRef(walRefs, row), Timestamps[row], GetHistogram(row)!, GetStart(row));
            }

            batch.EndRecord();
        }
    }

    private void EncodeHistograms(WalBatch batch, WalRefs walRefs, RecordType type)
    {
        HistogramsRecordWriter writer = default;
        bool started = false;
        foreach ((int row, FloatHistogram histogram) in _histograms)
        {
            if (!Passed(row) || TypeFor(histogram) != type)
            {
                continue;
            }

            if (!started)
            {
                writer = HistogramsRecordWriter.Begin(batch.Buffer, type);
                started = true;
            }

            writer.Add(LoggedRef(walRefs, row), Timestamps[row], histogram, GetStart(row));
        }

        batch.EndRecord();
    }

    private void EnsureLoggedRoom()
    {
        if (_loggedRefs.Length < Count)
        {
            _loggedRefs = new ulong[_capacity];
            _loggedTimestamps = new long[_capacity];
            _loggedValues = new double[_capacity];
        }

        if (HasStarts && _loggedStarts.Length < Count)
        {
            _loggedStarts = new long[_capacity];
        }
    }

    private ulong LoggedRef(WalRefs walRefs, int row) => walRefs.Get((uint)Refs[row] - 1, (byte)(Refs[row] >> 32));

    private bool Passed(int row) => Plans[row] == RowPlan.Store;

    private bool AllPassed() => !Plans.AsSpan(0, Count).ContainsAnyExcept(RowPlan.Store);

    private void Grow() => Resize(_capacity * 2);

    private void Resize(int capacity)
    {
        _capacity = capacity;
        Array.Resize(ref Refs, capacity);
        Array.Resize(ref Timestamps, capacity);
        Array.Resize(ref Values, capacity);
        Array.Resize(ref Errors, capacity);
        Array.Resize(ref Plans, capacity);
        _loggedRefs = [];
        _loggedTimestamps = [];
        _loggedValues = [];
        ResizeStarts();
    }
}
