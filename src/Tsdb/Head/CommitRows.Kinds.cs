using Narthex.Model;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Head;

/// <content>Commits in which a series has samples of several kinds.</content>
internal sealed partial class CommitRows
{
    /// <summary>
    /// Whether a series has rows that go into records of different types. Records are replayed one after the other and a series takes
    /// nothing older than its newest sample: then the records must have the order of the rows.
    /// </summary>
    private bool HasSeriesOfSeveralKinds()
    {
        if (_histograms.Count == 0)
        {
            return false;
        }

        var kinds = new Dictionary<ulong, RecordType>(_histograms.Count);
        foreach ((int row, FloatHistogram _) in _histograms)
        {
            if (!kinds.TryAdd(Refs[row], KindOf(row)) && kinds[Refs[row]] != KindOf(row))
            {
                return true;
            }
        }

        for (int i = 0; i < Count; i++)
        {
            if (GetHistogram(i) is null && kinds.ContainsKey(Refs[i]))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Encodes the rows that passed in their order: a record for each run of one kind.</summary>
    private void EncodeInOrder(WalBatch batch, WalRefs walRefs)
    {
        for (int start = 0; start < Count;)
        {
            RecordType kind = KindOf(start);
            int end = start + 1;
            while (end < Count && KindOf(end) == kind)
            {
                end++;
            }

            EncodeRun(batch, walRefs, kind, start, end);
            start = end;
        }
    }

    private void EncodeRun(WalBatch batch, WalRefs walRefs, RecordType kind, int start, int end)
    {
        int count = 0;
        HistogramsRecordWriter writer = default;
        for (int i = start; i < end; i++)
        {
            if (!Passed(i))
            {
                continue;
            }

            if (kind == RecordType.Samples)
            {
                Note(walRefs, i, count);
            }
            else
            {
                writer = count == 0 ? HistogramsRecordWriter.Begin(batch.Buffer, kind) : writer;
                writer.Add(LoggedRef(walRefs, i), Timestamps[i], GetHistogram(i)!, GetStart(i));
            }

            count++;
        }

        if (kind == RecordType.Samples)
        {
            EncodeNoted(batch, count);
            return;
        }

        batch.EndRecord();
    }

    private RecordType KindOf(int row) => GetHistogram(row) is { } histogram ? TypeFor(histogram) : RecordType.Samples;
}
