using System.Globalization;
using System.Text;
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

/// <summary>Writes what is only in memory as a snapshot. Nothing is committed meanwhile, and all full chunks are in files.</summary>
internal sealed class MemorySnapshotWriter
{
    private const int BatchBytes = 1 << 20;
    private const int ExemplarsPerRecord = 10_000;

    private readonly HeadStorage _head;
    private readonly WalWriter _destination;
    private readonly WalBatch _batch = new();

    private MemorySnapshotWriter(HeadStorage head, WalWriter destination)
    {
        _head = head;
        _destination = destination;
    }

    /// <summary>Writes the snapshot for a place in the log, and deletes older ones.</summary>
    /// <exception cref="StorageException">It could not be written; there is no trace of it.</exception>
    public static MemorySnapshot Write(HeadStorage head, string directory, int segment, long offset, WalWriterOptions options)
    {
        IWalFileSystem files = options.Files;
        string name = MemorySnapshot.NameFor(segment, offset);
        string temporary = Path.Combine(directory, MemorySnapshot.UnfinishedNameFor(name));
        var snapshot = new MemorySnapshot(Path.Combine(directory, name), segment, offset);
        try
        {
            MemorySnapshot.DeleteAll(directory, files);
            using (WalWriter log = WalWriter.Open(temporary, options with { Metrics = new WalMetrics(), SegmentBytes = 128L << 20 }))
            {
                var writer = new MemorySnapshotWriter(head, log);
                writer.WriteSeries();
                writer.WriteTombstones();
                writer.WriteExemplars();
                log.Sync();
            }

            using (IWalFile file = files.OpenWrite(Path.Combine(temporary, MemorySnapshot.GreatestNumberFile)))
            {
                file.Write(Encoding.ASCII.GetBytes(head.GreatestNumberEver.ToString(CultureInfo.InvariantCulture)), 0);
                file.Sync();
            }

            files.SyncDirectory(temporary);
            files.RenameDirectory(temporary, snapshot.Path);
            files.SyncDirectory(directory);
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
        for (uint series = 0; series < index.Count; series++)
        {
            uint slot = index.SlotOf(series);
            SeriesState state = _head.CopySeries(slot, open, out HistogramChunkBytes? histograms);
            SnapshotSeries.WriteStart(_batch.Buffer, _head.WalRefs.Get(slot, state.Generation));
            ReadOnlySpan<uint> pairs = index.GetPairs(series);
            _batch.Buffer.WriteUvarint((uint)pairs.Length);
            foreach (uint pair in pairs)
            {
                _batch.Buffer.WriteString(index.Symbols.Get(index.Pairs.NameOf(pair)));
                _batch.Buffer.WriteString(index.Symbols.Get(index.Pairs.ValueOf(pair)));
            }

            if (histograms is { } openHistograms && _head.Histograms.GetLastOfOpen(slot) is { } last)
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
            if (index.TryFind(labels, (uint)labels.GetStableHash(), out uint series))
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
