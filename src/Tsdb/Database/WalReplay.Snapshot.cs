using System.Globalization;
using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
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
        ulong greatest = Check(snapshot, cancellationToken, out int seriesCount);
        long minMs = long.MaxValue;
        long maxMs = long.MinValue;
        var deleted = new List<KeyValuePair<ulong, TimeRange>>();
        using (WalReader reader = WalReader.Open(snapshot.Path, files))
        {
            while (reader.MoveNext())
            {
                switch ((SnapshotRecordType)reader.Record[0])
                {
                    case SnapshotRecordType.Series:
                        SnapshotSeries.TryRead(reader.Record, out SnapshotSeries series);
                        if (Load(series))
                        {
                            minMs = Math.Min(minMs, series.MinMs);
                            maxMs = Math.Max(maxMs, series.MaxMs);
                        }

                        break;
                    case SnapshotRecordType.Tombstones:
                        SnapshotTombstones.TryRead(reader.Record, deleted);
                        break;
                    case SnapshotRecordType.Exemplars:
                        ReplayExemplars(new ExemplarsRecordReader(reader.Record, (byte)SnapshotRecordType.Exemplars));
                        break;
                }
            }
        }

        head.CoverTimes(minMs, maxMs);
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

    /// <summary>Reads all of it without touching the head, as a head that is half filled cannot be emptied. Returns the greatest number of the log.</summary>
    private ulong Check(MemorySnapshot snapshot, CancellationToken cancellationToken, out int seriesCount)
    {
        var numbers = new HashSet<ulong>();
        ulong greatest = 0;
        using WalReader reader = WalReader.Open(snapshot.Path, files);
        while (reader.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> record = reader.Record;
            bool sound = !record.IsEmpty && (SnapshotRecordType)record[0] switch
            {
                SnapshotRecordType.Series => CheckSeries(record, numbers, ref greatest),
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

    private static bool CheckSeries(ReadOnlySpan<byte> record, HashSet<ulong> numbers, ref ulong greatest)
    {
        if (!SnapshotSeries.TryRead(record, out SnapshotSeries series) || series.Number == 0 || !numbers.Add(series.Number))
        {
            return false;
        }

        greatest = Math.Max(greatest, series.Number);
        return AreSound(series.Labels)
            && (!series.HasChunk
                || (ChunkEncodings.IsFloat(series.Encoding) ? HasSoundFloats(series) : HasSoundHistograms(series)));
    }

    private static bool HasSoundHistograms(in SnapshotSeries series) =>
        HistogramChunk.TryRestore(series.Encoding, series.Chunk) is { } chunk && chunk.FirstTimestampMs == series.MinMs && chunk.LastTimestampMs == series.MaxMs;

    private static bool HasSoundFloats(in SnapshotSeries series) =>
        series.Chunk.Length <= ChunkAppender.ChunkBytesMax
        && HeadStorage.TryRecover(series.Encoding, series.Chunk, out XorAppenderState state, out _)
        && state.Count > 0
        && state.LastTimestampMs == series.MaxMs
        && ChunkAppender.FirstTimestamp(series.Encoding, series.Chunk) == series.MinMs;

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

    /// <summary>Makes a series with its chunks. True if it has an open one.</summary>
    private bool Load(in SnapshotSeries snapshot)
    {
        uint slot = AddSeries(snapshot.Number, snapshot.Labels.ToLabels());
        if (!snapshot.HasChunk)
        {
            head.RestoreStaleness(slot);
            return false;
        }

        return ChunkEncodings.IsFloat(snapshot.Encoding)
            ? head.RestoreFloats(slot, snapshot.Encoding, snapshot.Chunk)
            : head.Restore(slot, snapshot.Encoding, snapshot.Chunk);
    }
}
