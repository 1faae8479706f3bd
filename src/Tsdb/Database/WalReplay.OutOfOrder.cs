using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb;

/// <content>The log of samples that came out of order. Its series are in the write-ahead log, which is replayed before.</content>
internal sealed partial class WalReplay
{
    /// <summary>Whether the log of samples out of order was damaged, and cut back to its last sound record.</summary>
    public bool OutOfOrderRepaired { get; private set; }

    /// <summary>
    /// Stores what the log has, however old it is. Markers of chunks that upstream has written to files are passed over: the log still has the
    /// samples of all chunks that are not in blocks.
    /// </summary>
    /// <exception cref="Storage.StorageException">The log cannot be read.</exception>
    public void RunOutOfOrder(string outOfOrderDirectory, CancellationToken cancellationToken)
    {
        IReadOnlyList<WalSegment> segments = Directory.Exists(outOfOrderDirectory) ? WalSegments.List(files, outOfOrderDirectory) : [];
        if (segments.Count == 0)
        {
            return;
        }

        using var reader = new WalReader(files, segments);
        try
        {
            while (reader.MoveNext())
            {
                cancellationToken.ThrowIfCancellationRequested();
                ReplayOutOfOrder(reader);
            }
        }
        catch (WalCorruptionException corruption) when (!ReadOnly)
        {
            TsdbLog.ReadError(logger, corruption);
            reader.Dispose();
            WalRepair.Repair(outOfOrderDirectory, corruption, files);
            OutOfOrderRepaired = true;
            TsdbLog.Repaired(logger);
        }
    }

    private void ReplayOutOfOrder(WalReader reader)
    {
        switch (reader.RecordType)
        {
            case RecordType.Samples:
            case RecordType.SamplesV2:
                ReplayOutOfOrderSamples(reader.Record);
                break;
            case RecordType.HistogramSamples:
            case RecordType.FloatHistogramSamples:
            case RecordType.CustomBucketsHistogramSamples:
            case RecordType.CustomBucketsFloatHistogramSamples:
            case RecordType.HistogramSamplesV2:
            case RecordType.FloatHistogramSamplesV2:
                ReplayOutOfOrderHistograms(reader.Record);
                break;
            default:
                break;
        }
    }

    private void ReplayOutOfOrderSamples(ReadOnlySpan<byte> record)
    {
        _samples.Clear();
        if (!SamplesRecord.TryDecode(record, _samples))
        {
            DamagedRecords++;
            return;
        }

        for (int i = 0; i < _samples.Count; i++)
        {
            if (TryFindSeries(_samples.Refs[i], out uint slot))
            {
                head.ReplayOutOfOrder(slot, _samples.Timestamps[i], _samples.Values[i], null, _samples.HasStartTimestamps ? _samples.StartTimestamps[i] : 0);
            }
            else
            {
                UnknownSampleRefs++;
            }
        }
    }

    private void ReplayOutOfOrderHistograms(ReadOnlySpan<byte> record)
    {
        var reader = new HistogramsRecordReader(record);
        while (reader.MoveNext())
        {
            if (TryFindSeries(reader.Ref, out uint slot))
            {
                head.ReplayOutOfOrder(slot, reader.TimestampMs, reader.Histogram.Sum, reader.Histogram, reader.StartTimestampMs);
            }
            else
            {
                UnknownHistogramRefs++;
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }
}
