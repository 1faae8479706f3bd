using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <content>Start timestamps: a column that exists only once a row has one.</content>
internal sealed partial class CommitRows
{
    // All zero behind the last row that has one.
    private long[] _starts = [];
    private long[] _loggedStarts = [];

    /// <summary>Whether any row has a start timestamp.</summary>
    public bool HasStarts { get; private set; }

    /// <summary>Whether rows that are too old for their series are refused, though there may be a window for such.</summary>
    public bool DropsLate { get; set; }

    /// <summary>The start timestamp of a row; 0 if it has none.</summary>
    public long GetStart(int row) => HasStarts ? _starts[row] : 0;

    /// <summary>Notes the start timestamp of the last row.</summary>
    public void SetStart(long startTimestampMs)
    {
        if (startTimestampMs == 0)
        {
            return;
        }

        if (_starts.Length < _capacity)
        {
            Array.Resize(ref _starts, _capacity);
        }

        HasStarts = true;
        _starts[Count - 1] = startTimestampMs;
    }

    private void ClearStarts()
    {
        if (HasStarts)
        {
            Array.Clear(_starts, 0, Count);
            HasStarts = false;
        }

        DropsLate = false;
    }

    private void ResizeStarts()
    {
        _loggedStarts = [];
        if (HasStarts)
        {
            Array.Resize(ref _starts, _capacity);
        }
        else
        {
            _starts = [];
        }
    }

    /// <summary>Notes what is to be logged of a row as the next of those that <see cref="EncodeNoted"/> writes.</summary>
    private void Note(WalRefs walRefs, int row, int place)
    {
        _loggedRefs[place] = LoggedRef(walRefs, row);
        _loggedTimestamps[place] = Timestamps[row];
        _loggedValues[place] = Values[row];
        if (HasStarts)
        {
            _loggedStarts[place] = _starts[row];
        }
    }

    /// <summary>Appends the record of the rows noted.</summary>
    private void EncodeNoted(WalBatch batch, int count)
    {
        ReadOnlySpan<ulong> refs = _loggedRefs.AsSpan(0, count);
        ReadOnlySpan<long> timestamps = _loggedTimestamps.AsSpan(0, count);
        ReadOnlySpan<double> values = _loggedValues.AsSpan(0, count);
        if (HasStarts)
        {
            SamplesRecord.Encode(batch.Buffer, refs, timestamps, values, _loggedStarts.AsSpan(0, count));
        }
        else
        {
            SamplesRecord.Encode(batch.Buffer, refs, timestamps, values);
        }

        batch.EndRecord();
    }

    /// <summary>The type of record that a histogram goes into: the second generation is for commits with start timestamps only, as older readers do not know it.</summary>
    private RecordType TypeFor(FloatHistogram histogram)
    {
        bool integers = HistogramsRecordWriter.HasIntegerCounts(histogram);
        return !HasStarts ? HistogramsRecordWriter.TypeFor(histogram, integers)
            : integers ? RecordType.HistogramSamplesV2
            : RecordType.FloatHistogramSamplesV2;
    }
}
