using System.Globalization;
using System.Text;
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

    /// <summary>Fills the head from a snapshot that the log ends with.</summary>
    /// <exception cref="WalCorruptionException">The snapshot is damaged or does not fit; the head is as it was.</exception>
    /// <exception cref="StorageException">The snapshot cannot be read; the head is as it was.</exception>
    public void Load(MemorySnapshot snapshot, CancellationToken cancellationToken)
    {
        long start = time.GetTimestamp();
        var recovered = new SnapshotRestorer.RecoveredChunks();
        ulong greatest = Check(snapshot, recovered, cancellationToken, out int seriesCount);
        List<KeyValuePair<ulong, TimeRange>> deleted = LoadSeries(snapshot, recovered);
        head.Replay([.. deleted.Where(entry => TryFindSeries(entry.Key, out _)).Select(entry =>
        {
            TryFindSeries(entry.Key, out uint slot);
            return new KeyValuePair<ulong, TimeRange>(slot, entry.Value);
        })]);
        if (greatest > _greatestNumber)
        {
            _greatestNumber = greatest;
            _numbersDiffer |= greatest != head.SlotCount;
        }

        FinishChunks();
        FinishNumbers();
        _firstSegment = snapshot.Segment;
        Volatile.Write(ref _progress, snapshot.Segment);
        Volatile.Write(ref _lastSegment, snapshot.Segment);
        TimeSpan duration = time.GetElapsedTime(start);
        TsdbLog.SnapshotLoaded(logger, snapshot.Path, seriesCount, GoDuration.Format(duration));
        TsdbLog.ReplayCompleted(logger, Seconds(TimeSpan.Zero), Seconds(TimeSpan.Zero), Seconds(duration));
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

    /// <summary>Reads all of it without touching the head, as a head that is half filled cannot be emptied. Returns the greatest number of the log.</summary>
    private ulong Check(MemorySnapshot snapshot, SnapshotRestorer.RecoveredChunks recovered, CancellationToken cancellationToken, out int seriesCount)
    {
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

        if (Chunks is { } chunks && !chunks.AreComplete(numbers))
        {
            throw new WalCorruptionException(snapshot.Path, 0, 0, "there are chunks in files that are of none of its series");
        }

        seriesCount = numbers.Count;
        return ReadGreatestNumber(snapshot) ?? Math.Max(FirstSafeNumber, ((greatest >> 32) + 1) << 32);
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

    private ulong? ReadGreatestNumber(MemorySnapshot snapshot)
    {
        if (!files.ListNames(snapshot.Path).Contains(MemorySnapshot.GreatestNumberFile))
        {
            return null;
        }

        using IWalFile file = files.OpenRead(Path.Combine(snapshot.Path, MemorySnapshot.GreatestNumberFile));
        byte[] text = new byte[32];
        int length = file.Read(text, 0);
        return ulong.TryParse(Encoding.ASCII.GetString(text, 0, length), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;
    }
}
