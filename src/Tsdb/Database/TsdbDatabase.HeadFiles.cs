using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Snapshots;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb;

/// <content>What the head keeps on disk beside its log: full chunks and, while the server is down, a snapshot of the rest.</content>
public sealed partial class TsdbDatabase
{
    private HeadChunkFiles? _chunkFiles;
    private ChunkWriting? _chunkWriting;

    /// <summary>Finds the full chunks in files, for the replay to give them to their series. False if some were damaged, and are gone.</summary>
    private bool LoadChunkFiles(long minValidMs)
    {
        TsdbLog.ChunkReplayStarted(_logger);
        long start = _time.GetTimestamp();
        _chunkFiles = new HeadChunkFiles(Path.Combine(DirectoryPath, "chunks_head"));
        Head.AttachChunkFiles(_chunkFiles);
        _metrics.ChunkFiles = _chunkFiles;
        var loader = new HeadChunkLoader(Head, minValidMs);
        string? damage = _chunkFiles.Load(loader.Add);
        if (damage is not null)
        {
            TsdbLog.ChunkFilesDamaged(_logger, damage);
        }

        _replay.Chunks = loader;
        TsdbLog.ChunkReplayCompleted(_logger, GoDuration.Format(_time.GetElapsedTime(start)));
        return damage is null;
    }

    /// <summary>Fills the head from the snapshot that the last server left, if it is of any use. There is none afterwards.</summary>
    private bool LoadSnapshot(bool chunksAreSound, CancellationToken cancellationToken)
    {
        WalFileSystem files = WalFileSystem.Instance;
        bool loaded = false;
        try
        {
            MemorySnapshot? snapshot = MemorySnapshot.FindLast(DirectoryPath, files);
            if (snapshot is not null && !snapshot.IsAtEndOf(_walDirectory, files))
            {
                TsdbLog.SnapshotOutdated(_logger, snapshot.Path);
            }
            else if (snapshot is not null && chunksAreSound)
            {
                _replay.Load(snapshot, cancellationToken);
                loaded = true;
            }
        }
        catch (Exception error) when (error is StorageException or WalCorruptionException or IOException or UnauthorizedAccessException)
        {
            _metrics.SnapshotErrors++;
            TsdbLog.SnapshotFailed(_logger, error.Message);
        }

        try
        {
            MemorySnapshot.DeleteAll(DirectoryPath, files);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"delete memory snapshots in {DirectoryPath}: {error.Message}", error);
        }

        return loaded;
    }

    /// <summary>Writes the rest of the full chunks, and the snapshot of what is not in a full chunk. Nothing is committed any more.</summary>
    private async ValueTask CloseHeadFilesAsync()
    {
        if (_chunkWriting is not null)
        {
            await _chunkWriting.DisposeAsync().ConfigureAwait(false);
            if (_chunkWriting.Run() && _options.SnapshotOnClose)
            {
                WriteSnapshot();
            }
        }

        Head.CloseChunkFiles();
    }

    private void WriteSnapshot()
    {
        long start = _time.GetTimestamp();
        TsdbLog.SnapshotStarted(_logger);
        try
        {
            MemorySnapshot written = MemorySnapshotWriter.Write(Head, DirectoryPath, _wal!.CurrentSegment, _wal.CurrentOffset, new WalWriterOptions
            {
                Compression = _options.WalCompression,
                TimeProvider = _time,
            });
            TsdbLog.SnapshotCompleted(_logger, GoDuration.Format(_time.GetElapsedTime(start)), Head.SeriesCount, written.Path);
        }
        catch (StorageException error)
        {
            TsdbLog.SnapshotWritingFailed(_logger, error.Message);
        }
    }
}
