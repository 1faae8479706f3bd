using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.Memory;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Snapshots;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb;

/// <content>Starting from a snapshot of the memory instead of the log.</content>
internal sealed partial class WalReplay
{
    // Without a word about it, no number below this one is given to a new series: dead ones may have had it.
    private const ulong FirstSafeNumber = 1UL << 40;

    /// <summary>Fills the head from a snapshot, and from the log behind it.</summary>
    /// <exception cref="StorageException">The snapshot or the log behind it cannot be read any more.</exception>
    public void Load(CheckedSnapshot check, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        (MemorySnapshot snapshot, HeadState? state) = (check.Snapshot, check.State);
        LoadHead(check);
        TsdbLog.SnapshotLoaded(logger, snapshot.Path, check.Numbers.Count, GoDuration.Format(time.GetElapsedTime(start)));
        _firstSegment = snapshot.Segment;
        Volatile.Write(ref _progress, snapshot.Segment);
        Volatile.Write(ref _lastSegment, snapshot.Segment);
        long loaded = time.GetTimestamp();
        if (state is not null)
        {
            ApplyInShards(() => ReplaySegments(snapshot.Segment, snapshot.Offset, cancellationToken));
        }

        FinishChunks();
        FinishNumbers();
        Report(start, time.GetElapsedTime(start, loaded));
    }

    /// <summary>Looks whether the chunks in files fit to a snapshot.</summary>
    /// <exception cref="SnapshotException">They do not; the head is as it was.</exception>
    public void CheckChunks(CheckedSnapshot check)
    {
        // The log behind the snapshot may have more series, with chunks of their own.
        if (Chunks is { } chunks && !chunks.AreComplete(check.State is null ? check.Numbers : null))
        {
            throw new SnapshotException("there are chunks in files that are of none of its series");
        }
    }

    private void LoadHead(CheckedSnapshot check)
    {
        head.SetMinValidTime(check.State?.MinValidMs ?? long.MinValue);
        List<KeyValuePair<ulong, TimeRange>> deleted = LoadSeries(check.Snapshot, check.Recovered);
        head.Replay([.. deleted.Where(entry => TryFindSeries(entry.Key, out _)).Select(entry =>
        {
            TryFindSeries(entry.Key, out uint slot);
            return new KeyValuePair<ulong, TimeRange>(slot, entry.Value);
        })]);
        _greatestNumber = Math.Max(_greatestNumber, check.Greatest);
    }

    /// <summary>Makes the series with their chunks, and the exemplars. Returns the deleted intervals.</summary>
    private List<KeyValuePair<ulong, TimeRange>> LoadSeries(MemorySnapshot snapshot, SnapshotRestorer.RecoveredChunks recovered)
    {
        var deleted = new List<KeyValuePair<ulong, TimeRange>>();
        using var reader = new WalReadAhead(WalReader.Open(snapshot.Path, files));
        using var restorer = new SnapshotRestorer(head, reader, recovered);
        restorer.Start();
        while (reader.TakeBatch() is { } batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                ReadOnlySpan<byte> record = batch[i];
                switch ((SnapshotRecordType)record[0])
                {
                    case SnapshotRecordType.Series:
                        SnapshotSeries.TryRead(record, out SnapshotSeries series);
                        restorer.Add(batch, AddSeries(series.Number, series.Labels.ToLabels()), in series);
                        break;
                    case SnapshotRecordType.Tombstones:
                        SnapshotTombstones.TryRead(record, deleted);
                        break;
                    case SnapshotRecordType.Exemplars:
                        ReplayExemplars(new ExemplarsRecordReader(record, (byte)SnapshotRecordType.Exemplars));
                        break;
                }
            }

            restorer.EndBatch(batch);
        }

        restorer.Finish();
        head.CoverTimes(restorer.MinMs, restorer.MaxMs);
        return deleted;
    }

    /// <summary>Reads all of a snapshot without touching the head, as a head that is half filled cannot be emptied. For any thread.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="state">What it says of the head; null if the log has to end with it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="SnapshotException">It cannot be used.</exception>
    public CheckedSnapshot Check(MemorySnapshot snapshot, HeadState? state, CancellationToken cancellationToken)
    {
        try
        {
            return CheckRecords(snapshot, state, cancellationToken);
        }
        catch (Exception error) when (error is StorageException or WalCorruptionException or IOException or UnauthorizedAccessException)
        {
            throw new SnapshotException(error.Message, error);
        }
    }

    private CheckedSnapshot CheckRecords(MemorySnapshot snapshot, HeadState? state, CancellationToken cancellationToken)
    {
        var recovered = new SnapshotRestorer.RecoveredChunks();
        var numbers = new HashSet<ulong>();
        ulong greatest = 0;
        using var reader = new WalReadAhead(WalReader.Open(snapshot.Path, files));
        while (reader.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> record = reader.Record;
            bool sound = !record.IsEmpty && (SnapshotRecordType)record[0] switch
            {
                SnapshotRecordType.Series => CheckSeries(record, numbers, recovered, ref greatest),
                SnapshotRecordType.Tombstones => SnapshotTombstones.TryRead(record, []),
                SnapshotRecordType.Exemplars => CheckExemplars(record),
                _ => false,
            };
            if (!sound)
            {
                throw new WalCorruptionException(snapshot.Path, reader.Segment, reader.Offset, "not a record that can be used");
            }
        }

        if (reader.TornTail is { } tail)
        {
            throw new WalCorruptionException(snapshot.Path, tail.Segment, tail.Offset, tail.Reason);
        }

        return new CheckedSnapshot(snapshot, state, recovered, numbers, state?.GreatestNumber ?? Math.Max(FirstSafeNumber, ((greatest >> 32) + 1) << 32));
    }

    private static bool CheckSeries(ReadOnlySpan<byte> record, HashSet<ulong> numbers, SnapshotRestorer.RecoveredChunks recovered, ref ulong greatest)
    {
        if (!SnapshotSeries.TryRead(record, out SnapshotSeries series) || series.Number == 0 || !numbers.Add(series.Number))
        {
            return false;
        }

        greatest = Math.Max(greatest, series.Number);
        return AreSound(series.Labels)
            && (!series.HasChunk
                || (ChunkEncodings.IsFloat(series.Encoding) ? HasSoundFloats(series, recovered) : HasSoundHistograms(series)));
    }

    private static bool HasSoundHistograms(in SnapshotSeries series) =>
        HistogramChunk.TryRestore(series.Encoding, series.Chunk) is { } chunk && chunk.FirstTimestampMs == series.MinMs && chunk.LastTimestampMs == series.MaxMs;

    private static bool HasSoundFloats(in SnapshotSeries series, SnapshotRestorer.RecoveredChunks recovered)
    {
        if (series.Chunk.Length > ChunkAppender.ChunkBytesMax
            || !HeadStorage.TryRecover(series.Encoding, series.Chunk, out XorAppenderState state, out long lastStartMs)
            || state.Count == 0
            || state.LastTimestampMs != series.MaxMs
            || ChunkAppender.FirstTimestamp(series.Encoding, series.Chunk) != series.MinMs)
        {
            return false;
        }

        recovered.Add(state, lastStartMs);
        return true;
    }

    private static bool AreSound(RecordLabels labels)
    {
        ReadOnlySpan<byte> previous = default;
        while (labels.MoveNext())
        {
            if (labels.Value.IsEmpty || previous.SequenceCompareTo(labels.Name) >= 0)
            {
                return false;
            }

            previous = labels.Name;
        }

        return true;
    }

    private static bool CheckExemplars(ReadOnlySpan<byte> record)
    {
        var reader = new ExemplarsRecordReader(record, (byte)SnapshotRecordType.Exemplars);
        while (reader.MoveNext())
        {
        }

        return !reader.IsDamaged;
    }
}
