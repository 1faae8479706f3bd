using System.Globalization;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Snapshots;

/// <summary>A directory with the head as it was once, and the place in the log up to which it goes at least: <c>chunk_snapshot.SEGMENT.OFFSET</c>.</summary>
/// <remarks>
/// <para>
/// The format is upstream's: the segments of a log, with a record for each series (labels and open chunk), one for the deleted intervals, and some
/// for the exemplars. Full chunks are in their own files.
/// </para>
/// <para>
/// One of ours stands for the log up to its place, whatever comes behind: that is read on from there, and samples that the snapshot has already are passed over. So it
/// helps after a kill too. It is of no use any more when the log was truncated behind it, or chunks in files are lost on which it relies (<see cref="HeadState"/>).
/// </para>
/// <para>
/// One that upstream has written is used only if the log ends where it does, and is deleted then: it does not say which chunks in files it knows. The log
/// holds everything in any case, and is read as a whole where there is no snapshot that can be used.
/// </para>
/// </remarks>
internal sealed record MemorySnapshot(string Path, int Segment, long Offset)
{
    private const string Prefix = "chunk_snapshot.";
    private const string Unfinished = ".tmp";

    /// <summary>The name of a snapshot that goes to a place in the log.</summary>
    public static string NameFor(int segment, long offset) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{segment:D6}.{offset:D10}");

    /// <summary>The name that a snapshot has until it is complete.</summary>
    public static string UnfinishedNameFor(string name) => name + Unfinished;

    /// <summary>The newest snapshot in a data directory; null if there is none.</summary>
    public static MemorySnapshot? FindLast(string directory, IWalFileSystem files)
    {
        MemorySnapshot? last = null;
        foreach (string name in files.ListNames(directory))
        {
            if (TryParse(directory, name) is { } found
                && (last is null || found.Segment > last.Segment || (found.Segment == last.Segment && found.Offset > last.Offset)))
            {
                last = found;
            }
        }

        return last;
    }

    /// <summary>Deletes all snapshots, also unfinished ones, save one.</summary>
    public static void DeleteAll(string directory, IWalFileSystem files, MemorySnapshot? except = null)
    {
        foreach (string name in files.ListNames(directory))
        {
            bool unfinished = name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Unfinished, StringComparison.Ordinal);
            if (unfinished || (TryParse(directory, name) is { } found && found != except))
            {
                files.DeleteDirectory(System.IO.Path.Combine(directory, name));
            }
        }
    }

    /// <summary>Whether a log has the place where the snapshot ends, and no checkpoint stands for it.</summary>
    public bool IsWithin(string walDirectory, IWalFileSystem files) =>
        WalSegments.List(files, walDirectory, Segment, Segment) is [var segment]
        && files.GetLength(segment.Path) >= Offset
        && GetCheckpoint(walDirectory, files) < Segment;

    /// <summary>The last segment that the newest checkpoint of a log stands for; -1 if there is none.</summary>
    public static int GetCheckpoint(string walDirectory, IWalFileSystem files) => CheckpointDirectory.FindLast(walDirectory, files)?.Index ?? -1;

    /// <summary>Whether a log ends where the snapshot does, apart from zeros up to the end of the page and segments without content.</summary>
    public bool IsAtEndOf(string walDirectory, IWalFileSystem files)
    {
        if (GetCheckpoint(walDirectory, files) >= Segment)
        {
            return false;
        }

        bool found = false;
        foreach (WalSegment segment in WalSegments.List(files, walDirectory))
        {
            long length = files.GetLength(segment.Path);
            if (segment.Index > Segment && length > 0)
            {
                return false;
            }

            if (segment.Index == Segment)
            {
                found = length >= Offset && length - Offset < WalFormat.PageBytes && HasOnlyZeros(segment.Path, length, files);
                if (!found)
                {
                    return false;
                }
            }
        }

        return found;
    }

    private static MemorySnapshot? TryParse(string directory, string name)
    {
        string[] parts = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..].Split('.') : [];
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int segment)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            ? new MemorySnapshot(System.IO.Path.Combine(directory, name), segment, offset)
            : null;
    }

    private bool HasOnlyZeros(string path, long length, IWalFileSystem files)
    {
        byte[] rest = new byte[(int)(length - Offset)];
        using IWalFile file = files.OpenRead(path);
        int read = 0;
        while (read < rest.Length && file.Read(rest.AsSpan(read), Offset + read) is var count and > 0)
        {
            read += count;
        }

        return read == rest.Length && !rest.AsSpan().ContainsAnyExcept((byte)0);
    }
}
