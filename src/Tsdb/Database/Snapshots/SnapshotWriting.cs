using Microsoft.Extensions.Logging;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Snapshots;

/// <summary>Writes a snapshot of the memory whenever the log has grown enough behind the last one, so that a start after a kill has little to read.</summary>
/// <param name="head">The head.</param>
/// <param name="directory">The data directory.</param>
/// <param name="logBytes">How much log may lie behind a snapshot at least; 0 to write none while the server runs.</param>
/// <param name="options">How the log is written.</param>
/// <param name="logger">Told about each snapshot.</param>
/// <param name="time">The clock.</param>
internal sealed class SnapshotWriting(HeadStorage head, string directory, long logBytes, WalWriterOptions options, ILogger logger, TimeProvider time)
{
    // After a failure it is tried again when twice as much is there: a full disk stays full for a while.
    private const int AfterFailure = 2;

    private long _failedAtBytes;

    /// <summary>Writes one if it is due. For whoever truncates and deletes nothing meanwhile.</summary>
    public void RunIfDue()
    {
        if (logBytes <= 0)
        {
            return;
        }

        try
        {
            IWalFileSystem files = options.Files;
            MemorySnapshot? last = MemorySnapshot.FindLast(directory, files);
            long behind = GetLogBytesBehind(last);
            long lastBytes = last is null ? 0 : SizeOf(last.Path);
            if (behind >= Math.Max(logBytes, lastBytes) && behind >= _failedAtBytes * AfterFailure && HasRoom(lastBytes))
            {
                _failedAtBytes = Write() ? 0 : behind;
            }
        }
        catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
        {
            TsdbLog.SnapshotWritingFailed(logger, error.Message);
        }
    }

    /// <summary>Writes one. False if that failed, which is logged.</summary>
    public bool Write()
    {
        long start = time.GetTimestamp();
        TsdbLog.SnapshotStarted(logger);
        try
        {
            MemorySnapshot written = MemorySnapshotWriter.Write(head, directory, options);
            TsdbLog.SnapshotCompleted(logger, GoDuration.Format(time.GetElapsedTime(start)), head.SeriesCount, written.Path);
            return true;
        }
        catch (StorageException error)
        {
            TsdbLog.SnapshotWritingFailed(logger, error.Message);
            return false;
        }
    }

    // All of the log if a start could not use the snapshot.
    private long GetLogBytesBehind(MemorySnapshot? last)
    {
        LogPlace place = head.GetLogPlace();
        bool isUsable = last is not null
            && last.IsWithin(place.Directory, options.Files)
            && HeadState.Read(last.Path, options.Files)?.Checkpoint == MemorySnapshot.GetCheckpoint(place.Directory, options.Files);
        int first = isUsable ? last!.Segment : 0;
        long bytes = isUsable ? -last!.Offset : 0;
        foreach (WalSegment segment in WalSegments.List(options.Files, place.Directory, first, place.Segment))
        {
            bytes += segment.Index == place.Segment ? place.Offset : options.Files.GetLength(segment.Path);
        }

        return bytes;
    }

    // The log comes first on a disk that is nearly full.
    private bool HasRoom(long lastBytes) =>
        new DriveInfo(directory).AvailableFreeSpace > logBytes + (2 * Math.Max(lastBytes, head.MemoryBytes));

    private static long SizeOf(string path) => new DirectoryInfo(path).EnumerateFiles().Sum(file => file.Length);
}
