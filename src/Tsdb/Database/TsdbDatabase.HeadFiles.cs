using Narthex.Model;
using Narthex.Tsdb.Head.ChunkFiles;

namespace Narthex.Tsdb;

/// <content>What the head keeps on disk beside its log: full chunks.</content>
public sealed partial class TsdbDatabase
{
    private HeadChunkFiles? _chunkFiles;

    /// <summary>Finds the full chunks in files, for the replay to give them to their series.</summary>
    private void LoadChunkFiles(long minValidMs)
    {
        TsdbLog.ChunkReplayStarted(_logger);
        long start = _time.GetTimestamp();
        _chunkFiles = new HeadChunkFiles(Path.Combine(DirectoryPath, "chunks_head"));
        Head.AttachChunkFiles(_chunkFiles);
        _metrics.ChunkFiles = _chunkFiles;
        var loader = new HeadChunkLoader(Head, minValidMs);
        if (_chunkFiles.Load(loader.Add) is { } damage)
        {
            TsdbLog.ChunkFilesDamaged(_logger, damage);
        }

        _replay.Chunks = loader;
        TsdbLog.ChunkReplayCompleted(_logger, GoDuration.Format(_time.GetElapsedTime(start)));
    }

    /// <summary>Writes the rest of the full chunks. The views should be closed by now.</summary>
    private async ValueTask CloseHeadFilesAsync()
    {
        if (_chunkWriting is not null)
        {
            await _chunkWriting.DisposeAsync().ConfigureAwait(false);
            _chunkWriting.Run();
        }

        Head.CloseChunkFiles();
    }
}
