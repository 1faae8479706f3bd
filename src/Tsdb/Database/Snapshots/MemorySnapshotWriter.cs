using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;
using Narthex.Tsdb.Wal.Records;

namespace Narthex.Tsdb.Snapshots;

/// <summary>Writes what is only in memory as a snapshot, while commits go on. Nothing is truncated or deleted meanwhile.</summary>
/// <remarks>
/// It goes up to a place in the log, and each series may be a little newer: whoever reads the log on from there passes over what a series has already. Full chunks have
/// to be in files before the snapshot counts, since the log before it is not read any more. Series that are not logged are left out, so that none is
/// ever known to the snapshot alone.
/// </remarks>
internal sealed class MemorySnapshotWriter
{
    private const int BatchBytes = 1 << 20;
    private const int ExemplarsPerRecord = 10_000;

    private readonly HeadStorage _head;
    private readonly uint _seriesCount;
    private readonly WalWriter _destination;
    private readonly WalBatch _batch = new();

    private MemorySnapshotWriter(HeadStorage head, uint seriesCount, WalWriter destination)
    {
        _head = head;
        _seriesCount = seriesCount;
        _destination = destination;
    }

    /// <summary>Writes a snapshot of the head as it is now, and deletes older ones.</summary>
    /// <exception cref="StorageException">It could not be written; there is no trace of it, and older ones are still there.</exception>
    public static MemorySnapshot Write(HeadStorage head, string directory, WalWriterOptions options)
    {
        IWalFileSystem files = options.Files;
        LogPlace place = head.GetLogPlace();
        string name = MemorySnapshot.NameFor(place.Segment, place.Offset);
        string temporary = Path.Combine(directory, MemorySnapshot.UnfinishedNameFor(name));
        var snapshot = new MemorySnapshot(Path.Combine(directory, name), place.Segment, place.Offset);
        try
        {
            files.DeleteDirectory(temporary);
            using (WalWriter log = WalWriter.Open(temporary, options with { Metrics = new WalMetrics(), SegmentBytes = 128L << 20 }))
            {
                var writer = new MemorySnapshotWriter(head, place.SeriesCount, log);
                writer.WriteSeries();
                writer.WriteTombstones();
                writer.WriteExemplars();
                log.Sync();
            }

            var state = new HeadState(
                head.GreatestNumberEver, head.PersistClosedChunks(), MemorySnapshot.GetCheckpoint(place.Directory, files), head.MinValidTimeMs);
            state.Write(temporary, files);
            files.SyncDirectory(temporary);
            files.DeleteDirectory(snapshot.Path); // Of a head to which nothing has happened since.
            files.RenameDirectory(temporary, snapshot.Path);
            files.SyncDirectory(directory);
            MemorySnapshot.DeleteAll(directory, files, except: snapshot);
            return snapshot;
        }
        catch (Exception error)
        {
            TryDelete(files, temporary);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"write memory snapshot: {error.Message}", error);
            }

            throw;
        }
    }

    private static void TryDelete(IWalFileSystem files, string directory)
    {
        try
        {
            files.DeleteDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is never taken for a snapshot, and the next start tries again.
        }
    }

    private void WriteSeries()
    {
        HeadIndex index = _head.Index;
        byte[] open = new byte[ChunkAppender.ChunkBytesMax];
        for (uint series = 0; series < _seriesCount; series++)
        {
            uint slot = index.SlotOf(series);
            SeriesState state = _head.CopySeries(slot, open, out HistogramChunkBytes? histograms, out FloatHistogram? last);
            SnapshotSeries.WriteStart(_batch.Buffer, _head.WalRefs.Get(slot, state.Generation));
            ReadOnlySpan<uint> pairs = index.GetPairs(series);
            _batch.Buffer.WriteUvarint((uint)pairs.Length);
            foreach (uint pair in pairs)
            {
                _batch.Buffer.WriteString(index.Symbols.Get(index.Pairs.NameOf(pair)));
                _batch.Buffer.WriteString(index.Symbols.Get(index.Pairs.ValueOf(pair)));
            }

            if (histograms is { } openHistograms && last is not null)
            {
                SnapshotSeries.WriteHistogramChunk(_batch.Buffer, _head.ChunkRangeMs, in openHistograms, last);
            }
            else if (state.Encoder.Count == 0)
            {
                SnapshotSeries.WriteNoChunk(_batch.Buffer, _head.ChunkRangeMs);
            }
            else
            {
                ReadOnlySpan<byte> chunk = open.AsSpan(0, state.Encoder.ByteCount);
                long firstMs = ChunkAppender.FirstTimestamp(state.OpenEncoding, chunk);
                SnapshotSeries.WriteFloatChunk(_batch.Buffer, _head.ChunkRangeMs, firstMs, state.OpenEncoding, in state.Encoder, chunk);
            }

            EndRecord();
        }
    }

    private void WriteTombstones()
    {
        TombstoneSet deleted = _head.Tombstones;
        var intervals = new List<KeyValuePair<ulong, TimeRange>>(deleted.Count);
        foreach (ulong slot in deleted.Series)
        {
            ulong number = _head.WalRefs.Get((uint)slot, _head.Pages[(uint)slot].Generation);
            foreach (TimeRange interval in deleted.Get(slot))
            {
                intervals.Add(new(number, interval));
            }
        }

        SnapshotTombstones.Write(_batch.Buffer, intervals);
        EndRecord();
        Flush();
    }

    private void WriteExemplars()
    {
        HeadIndex index = _head.Index;
        var exemplars = new List<(ulong Number, Exemplar Exemplar)>();
        _head.Exemplars.ForEach((labels, exemplar) =>
        {
            // One whose series is gone stays behind.
            if (index.TryFind(labels, (uint)labels.GetStableHash(), out uint series) && series < _seriesCount)
            {
                uint slot = index.SlotOf(series);
                exemplars.Add((_head.WalRefs.Get(slot, _head.Pages[slot].Generation), exemplar));
            }
        });
        foreach ((ulong, Exemplar)[] some in exemplars.Chunk(ExemplarsPerRecord))
        {
            ExemplarsRecordWriter writer = ExemplarsRecordWriter.Begin(_batch.Buffer, (byte)SnapshotRecordType.Exemplars);
            foreach ((ulong number, Exemplar exemplar) in some)
            {
                writer.Add(number, exemplar);
            }

            EndRecord();
        }

        Flush();
    }

    private void EndRecord()
    {
        _batch.EndRecord();
        if (_batch.Buffer.Length >= BatchBytes)
        {
            Flush();
        }
    }

    private void Flush()
    {
        _destination.Log(_batch);
        _batch.Clear();
    }
}
