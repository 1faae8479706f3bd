using Narthex.Storage;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Wal;

/// <summary>Cuts a damaged log back to its last sound record. No writer may be open.</summary>
/// <remarks>
/// Records depend on those before them (samples on their series), so nothing behind damage is used: upstream does the same.
/// A segment is cut in place. Readers need no padding at its end, and a cut happens whole or not at all.
/// </remarks>
public static class WalRepair
{
    /// <summary>Cuts the torn end off the log.</summary>
    public static void Repair(WalTornTail tail, IWalFileSystem? files = null) => Cut(files ?? WalFileSystem.Instance, tail.SegmentPath, tail.Offset);

    /// <summary>Deletes the segments behind the damaged one, and cuts that one in front of the damage.</summary>
    /// <exception cref="StorageException">The damage is not in this log (but in a checkpoint), or a file cannot be changed.</exception>
    public static void Repair(string directory, WalCorruptionException corruption, IWalFileSystem? files = null)
    {
        files ??= WalFileSystem.Instance;
        if (Path.GetFullPath(Path.GetDirectoryName(corruption.SegmentPath)!) != Path.GetFullPath(directory))
        {
            throw new StorageException($"cannot repair {corruption.SegmentPath}: it is not a segment of {directory}", corruption);
        }

        try
        {
            // The newest first: a crash in between leaves no gap, and the next start finds the damage again.
            foreach (WalSegment segment in WalSegments.List(files, directory).Reverse())
            {
                if (segment.Index > corruption.Segment)
                {
                    files.DeleteFile(segment.Path);
                }
            }

            Cut(files, corruption.SegmentPath, corruption.Offset);
            files.SyncDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"repair write-ahead log: {error.Message}", error);
        }
    }

    /// <summary>Looks for a torn end in the last segment that holds anything, and cuts it.</summary>
    internal static WalTornTail? CutTornTail(IWalFileSystem files, IReadOnlyList<WalSegment> segments)
    {
        for (int i = segments.Count - 1; i >= 0; i--)
        {
            if (files.GetLength(segments[i].Path) == 0)
            {
                continue;
            }

            using var reader = new WalReader(files, [segments[i]], decompress: false);
            while (reader.MoveNext())
            {
            }

            if (reader.TornTail is { } tail)
            {
                Cut(files, tail.SegmentPath, tail.Offset);
            }

            return reader.TornTail;
        }

        return null;
    }

    private static void Cut(IWalFileSystem files, string path, long length)
    {
        try
        {
            using IWalFile file = files.OpenWrite(path);
            file.SetLength(length);
            file.Sync();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"repair write-ahead log segment {path}: {error.Message}", error);
        }
    }
}
