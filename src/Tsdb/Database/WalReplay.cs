using System.Globalization;
using Microsoft.Extensions.Logging;
using Narthex.Model;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.Memory;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb;

/// <summary>Fills an empty head from the log: one thread reads and decodes, others encode the samples of their share of the series.</summary>
internal sealed partial class WalReplay(HeadStorage head, string directory, IWalFileSystem files, ILogger logger, TimeProvider time)
{
    private readonly SampleColumns _samples = new();
    private readonly PagedColumn<ulong> _numbers = new();
    private readonly Dictionary<ulong, uint> _otherNumbers = [];
    private ReplayShard[] _shards = [];
    private ulong _greatestNumber;
    private bool _numbersDiffer;
    private bool _inCheckpoint;
    private long _progress;
    private int _firstSegment;
    private int _lastSegment = -1;

    /// <summary>The chunks of the head in files; null if there are none.</summary>
    public HeadChunkLoader? Chunks { get; set; }

    /// <summary>Whether damage is an error, instead of being repaired.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>How far it is. Readable from any thread.</summary>
    public WalReplayProgress Progress => new(_firstSegment, Volatile.Read(ref _lastSegment), (int)Volatile.Read(ref _progress));

    /// <summary>Samples whose series is not in the log.</summary>
    public long UnknownSampleRefs { get; private set; }

    /// <summary>Histograms whose series is not in the log.</summary>
    public long UnknownHistogramRefs { get; private set; }

    /// <summary>Whether the log was damaged, and cut back to its last sound record.</summary>
    public bool Repaired { get; private set; }

    /// <summary>Records that contradict themselves although their checksum is right.</summary>
    public long DamagedRecords { get; private set; }

    /// <summary>Records of types from the future.</summary>
    public long UnknownRecords { get; private set; }

    /// <summary>Reads all there is. Afterwards nobody else has touched the head yet.</summary>
    /// <exception cref="Storage.StorageException">The log cannot be read, or is damaged where it cannot be repaired.</exception>
    public void Run(CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        TsdbLog.ReplayStarted(logger);
        TimeSpan checkpointTime = TimeSpan.Zero;
        ApplyInShards(() =>
        {
            int checkpoint = ReplayCheckpoint(cancellationToken);
            checkpointTime = time.GetElapsedTime(start);
            ReplaySegments(checkpoint + 1, 0, cancellationToken);
        });
        FinishChunks();
        FinishNumbers();
        Report(start, checkpointTime);
    }

    /// <summary>When the logs are read: series that they say are gone leave the head, so that it is as it was.</summary>
    public void FinishEvictions() => head.FinishReplayingEvictions([.. _evictedNumbers], _evictedSlots);

    /// <summary>Reads what is read while the shards apply its samples, and waits for them.</summary>
    private void ApplyInShards(Action read)
    {
        _shards = new ReplayShard[Math.Clamp(Environment.ProcessorCount - 1, 1, 8)];
        for (int i = 0; i < _shards.Length; i++)
        {
            _shards[i] = new ReplayShard(head);
        }

        try
        {
            try
            {
                read();
            }
            finally
            {
                foreach (ReplayShard shard in _shards)
                {
                    shard.Complete();
                }
            }

            foreach (ReplayShard shard in _shards)
            {
                shard.Wait();
                if (shard.MinMs <= shard.MaxMs)
                {
                    head.CoverTimes(shard.MinMs, shard.MaxMs);
                }
            }
        }
        finally
        {
            foreach (ReplayShard shard in _shards)
            {
                shard.Dispose();
            }
        }
    }

    private void FinishNumbers()
    {
        _numbersDiffer |= _greatestNumber > head.SlotCount;
        if (_numbersDiffer)
        {
            var aliases = _otherNumbers.Where(entry => _numbers[entry.Value] != entry.Key).ToDictionary();
            head.WalRefs.Adopt(_numbers, aliases, _greatestNumber);
        }
    }

    private void Report(long start, TimeSpan checkpointTime)
    {
        if (UnknownSampleRefs + UnknownHistogramRefs > 0)
        {
            TsdbLog.UnknownRefs(logger, UnknownSampleRefs, UnknownHistogramRefs);
        }

        if (UnknownRecords > 0)
        {
            TsdbLog.UnknownRecords(logger, UnknownRecords);
        }

        if (DamagedRecords > 0)
        {
            TsdbLog.DamagedRecords(logger, DamagedRecords);
        }

        TimeSpan total = time.GetElapsedTime(start);
        TsdbLog.ReplayCompleted(logger, Seconds(checkpointTime), Seconds(total - checkpointTime), Seconds(total));
    }

    private static string Seconds(TimeSpan duration) => duration.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture) + "s";

    /// <summary>The newest checkpoint holds what is still needed of the segments up to its number.</summary>
    private int ReplayCheckpoint(CancellationToken cancellationToken)
    {
        if (CheckpointDirectory.FindLast(directory, files) is not { } checkpoint)
        {
            return -1;
        }

        using var reader = WalReader.Open(checkpoint.Path, files);
        _inCheckpoint = true;
        while (reader.MoveNext())
        {
            Replay(reader, cancellationToken);
        }

        _inCheckpoint = false;

        TsdbLog.CheckpointLoaded(logger);
        return checkpoint.Index;
    }

    private void ReplaySegments(int first, long firstOffset, CancellationToken cancellationToken)
    {
        IReadOnlyList<WalSegment> segments = WalSegments.List(files, directory, first, int.MaxValue);
        if (segments.Count == 0)
        {
            return;
        }

        _firstSegment = segments[0].Index;
        Volatile.Write(ref _progress, _firstSegment);
        Volatile.Write(ref _lastSegment, segments[^1].Index);
        using var reader = new WalReader(files, segments, firstOffset);
        try
        {
            int current = _firstSegment;
            while (reader.MoveNext())
            {
                if (reader.Segment != current)
                {
                    for (; current < reader.Segment; current++)
                    {
                        TsdbLog.SegmentLoaded(logger, current, segments[^1].Index);
                    }

                    Volatile.Write(ref _progress, current);
                }

                Replay(reader, cancellationToken);
            }

            for (; current <= segments[^1].Index; current++)
            {
                TsdbLog.SegmentLoaded(logger, current, segments[^1].Index);
            }
        }
        catch (WalCorruptionException corruption) when (!ReadOnly)
        {
            TsdbLog.ReadError(logger, corruption);
            reader.Dispose();
            WalRepair.Repair(directory, corruption, files);
            Repaired = true;
            TsdbLog.Repaired(logger);
        }

        Volatile.Write(ref _progress, segments[^1].Index);
    }

    private void Replay(WalReader reader, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        switch (reader.RecordType)
        {
            case RecordType.Series:
                ReplaySeries(reader.Record);
                break;
            case RecordType.Samples:
                ReplayFloats(reader.Record);
                break;
            case RecordType.SamplesV2:
                ReplaySamples(reader.Record);
                break;
            case RecordType.HistogramSamples:
            case RecordType.FloatHistogramSamples:
            case RecordType.CustomBucketsHistogramSamples:
            case RecordType.CustomBucketsFloatHistogramSamples:
            case RecordType.HistogramSamplesV2:
            case RecordType.FloatHistogramSamplesV2:
                ReplayHistograms(reader.Record);
                break;
            case RecordType.MinValidTime:
                ReplayMinValidTime(reader.Record);
                break;
            case RecordType.Tombstones:
                ReplayTombstones(reader.Record);
                break;
            case RecordType.Exemplars:
                ReplayExemplars(reader.Record);
                break;
            case RecordType.Metadata:
                ReplayMetadata(reader.Record);
                break;
            case RecordType.None:
            case RecordType.MmapMarkers:
                break;
            default:
                UnknownRecords++;
                break;
        }
    }

    // What is older was dropped from the head when the checkpoint was written, though segments behind it may still have it.
    // Nobody writes it anywhere else, and believing it there could keep the head from taking samples.
    private void ReplayMinValidTime(ReadOnlySpan<byte> record)
    {
        if (_inCheckpoint && MinValidTimeRecord.TryDecode(record, out long minTimestampMs))
        {
            head.SetMinValidTime(minTimestampMs);
        }
        else
        {
            DamagedRecords++;
        }
    }

    private void ReplaySeries(ReadOnlySpan<byte> record)
    {
        var reader = new SeriesRecordReader(record);
        while (reader.MoveNext())
        {
            try
            {
                AddSeries(reader.Ref, reader.Labels.ToLabels());
            }
            catch (Storage.StorageException)
            {
                DamagedRecords++;
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }

    private uint AddSeries(ulong number, Labels labels)
    {
        uint series = head.Directory.GetOrAdd(labels, out bool added);
        _greatestNumber = Math.Max(_greatestNumber, number);
        if (added)
        {
            _numbers.EnsureRoom(series);
            _numbers[series] = number;
            if (TryTakeChunks(series, number, out HeadChunkChain chain))
            {
                head.Replay(series, chain);
            }
        }
        else if (_evictedSlots.Remove(series))
        {
            // The log knows it by this number only from here on. What comes behind its end belongs behind it.
            _numbers[series] = number;
            if (TryTakeChunks(series, number, out HeadChunkChain chain))
            {
                ShardOf(series).Adopt(series, chain);
            }
        }

        _numbersCollide |= number != series + 1UL && number - 1 < head.SlotCount && _numbers[(uint)number - 1] == number;

        // The usual case, a log of our own, needs no dictionary: the number is the index plus one.
        if (number != HeadStorage.MakeRef(series, 0).Value)
        {
            _numbersDiffer = true;
            _otherNumbers[number] = series;
        }

        return series;
    }

    private void ReplayHistograms(ReadOnlySpan<byte> record)
    {
        var reader = new HistogramsRecordReader(record);
        while (reader.MoveNext())
        {
            if (TryFindSeries(reader.Ref, out uint series))
            {
                if (!IsInChunks(series, reader.TimestampMs))
                {
                    ShardOf(series).Add(series, reader.TimestampMs, reader.Histogram, reader.StartTimestampMs);
                }
            }
            else if (reader.TimestampMs >= head.MinValidTimeMs)
            {
                UnknownHistogramRefs++;
            }
        }

        DamagedRecords += reader.IsDamaged ? 1 : 0;
    }

}
