using System.Runtime.InteropServices;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb;

/// <content>The log of samples that came out of order. Its series are in the write-ahead log, which is replayed before.</content>
internal sealed partial class WalReplay
{
    private Dictionary<HeadChunkRef, HeadChunk> _lateChunks = [];

    /// <summary>Series, samples and markers of the log of samples out of order that name no series.</summary>
    public (long Samples, long Histograms, long Markers) UnknownOutOfOrderRefs { get; private set; }

    /// <summary>Whether the log of samples out of order was damaged, and cut back to its last sound record.</summary>
    public bool OutOfOrderRepaired { get; private set; }

    /// <summary>
    /// Stores what the log has, however old it is. Where it has a marker, the chunk in a file takes the place of what it has had of the series since the
    /// last full chunk; if that chunk is not there, the samples in the log do.
    /// </summary>
    /// <exception cref="Storage.StorageException">The log cannot be read.</exception>
    public void RunOutOfOrder(string outOfOrderDirectory, CancellationToken cancellationToken)
    {
        Dictionary<HeadChunkRef, HeadChunk> chunks = _lateChunks;
        _lateChunks = [];
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
                ReplayOutOfOrder(reader, chunks);
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

    private void ReplayOutOfOrder(WalReader reader, Dictionary<HeadChunkRef, HeadChunk> chunks)
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
            case RecordType.MmapMarkers:
                ReplayMarkers(reader.Record, chunks);
                break;
            default:
                break;
        }
    }

    private void ReplayMarkers(ReadOnlySpan<byte> record, Dictionary<HeadChunkRef, HeadChunk> chunks)
    {
        // What was one chunk in memory may be several in files, one behind the other.
        var bySeries = new Dictionary<ulong, List<HeadChunk>?>();
        var reader = new MmapMarkersRecordReader(record);
        while (reader.MoveNext())
        {
            ref List<HeadChunk>? found = ref CollectionsMarshal.GetValueRefOrAddDefault(bySeries, reader.Ref, out bool known);
            if (known && found is null)
            {
                continue;
            }

            // With one of them missing the others would hide its samples in the log.
            found = chunks.TryGetValue(new HeadChunkRef(reader.ChunkRef), out HeadChunk chunk) && chunk.Series == reader.Ref ? [.. found ?? [], chunk] : null;
        }

        foreach ((ulong number, List<HeadChunk>? found) in bySeries)
        {
            if (!TryFindSeries(number, out uint slot))
            {
                UnknownOutOfOrderRefs = UnknownOutOfOrderRefs with { Markers = UnknownOutOfOrderRefs.Markers + 1 };
            }
            else if (found is not null)
            {
                head.ReplayOutOfOrder(slot, found);
            }
            else
            {
                head.KeepOutOfOrder(slot);
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
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
                UnknownOutOfOrderRefs = UnknownOutOfOrderRefs with { Samples = UnknownOutOfOrderRefs.Samples + 1 };
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
                UnknownOutOfOrderRefs = UnknownOutOfOrderRefs with { Histograms = UnknownOutOfOrderRefs.Histograms + 1 };
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }
}
