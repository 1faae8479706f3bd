using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Snapshots;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb;

/// <content>What the head keeps on disk beside its log: full chunks, and a snapshot of the rest.</content>
public sealed partial class TsdbDatabase
{
    private HeadChunkFiles? _chunkFiles;
    private ChunkWriting? _chunkWriting;
    private SnapshotWriting? _snapshots;

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

    /// <summary>Reads the last snapshot, if the log goes on from it. Null if there is none.</summary>
    private CheckedSnapshot? FindSnapshot(CancellationToken cancellationToken)
    {
        WalFileSystem files = WalFileSystem.Instance;
        MemorySnapshot? snapshot = MemorySnapshot.FindLast(DirectoryPath, files);
        HeadState? state = snapshot is null ? null : HeadState.Read(snapshot.Path, files);
        if (snapshot is not null && !FitsLog(snapshot, state))
        {
            TsdbLog.SnapshotOutdated(_logger, snapshot.Path);
            return null;
        }

        return snapshot is null ? null : _replay.Check(snapshot, state, cancellationToken);
    }

    /// <summary>Fills the head from the last snapshot and the log behind it, if it is of any use. Afterwards there is none that is not.</summary>
    private bool LoadSnapshot(Task<CheckedSnapshot?> found, bool chunksAreSound, CancellationToken cancellationToken)
    {
        CheckedSnapshot? snapshot = GetUsable(found, chunksAreSound);
        if (snapshot is not null)
        {
            // What goes wrong from here on ends the opening: the head is half filled.
            _replay.Load(snapshot, cancellationToken);
        }

        try
        {
            bool stays = snapshot?.State is not null && _options.SnapshotOnClose;
            MemorySnapshot.DeleteAll(DirectoryPath, WalFileSystem.Instance, except: stays ? snapshot!.Snapshot : null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"delete memory snapshots in {DirectoryPath}: {error.Message}", error);
        }

        return snapshot is not null;
    }

    private CheckedSnapshot? GetUsable(Task<CheckedSnapshot?> found, bool chunksAreSound)
    {
        try
        {
            if (found.GetAwaiter().GetResult() is not { } snapshot || !chunksAreSound)
            {
                return null;
            }

            if (snapshot.State is { } state && !_chunkFiles!.Reaches(state.ChunksEnd))
            {
                TsdbLog.SnapshotOutdated(_logger, snapshot.Snapshot.Path);
                return null;
            }

            _replay.CheckChunks(snapshot);
            return snapshot;
        }
        catch (Exception error) when (error is SnapshotException or StorageException or IOException or UnauthorizedAccessException)
        {
            _metrics.SnapshotErrors++;
            TsdbLog.SnapshotFailed(_logger, error.Message);
            return null;
        }
    }

    /// <summary>Writes a snapshot of the memory now, whether it is due or not.</summary>
    internal void WriteSnapshot() => PauseMaintenance(() => _snapshots!.Write());

    private bool FitsLog(MemorySnapshot snapshot, HeadState? state)
    {
        WalFileSystem files = WalFileSystem.Instance;
        return state is null
            ? snapshot.IsAtEndOf(_walDirectory, files)
            : snapshot.IsWithin(_walDirectory, files) && MemorySnapshot.GetCheckpoint(_walDirectory, files) == state.Checkpoint;
    }

    /// <summary>Writes the rest of the full chunks, and the snapshot of what is not in a full chunk. Nothing is committed any more.</summary>
    private async ValueTask CloseHeadFilesAsync()
    {
        if (_chunkWriting is not null)
        {
            await _chunkWriting.DisposeAsync().ConfigureAwait(false);
            if (_chunkWriting.Run() && _options.SnapshotOnClose)
            {
                _snapshots!.Write();
            }
        }

        Head.CloseChunkFiles();
    }
}
