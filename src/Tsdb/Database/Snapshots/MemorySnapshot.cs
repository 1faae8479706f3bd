using System.Globalization;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Snapshots;

/// <summary>A directory with the head as it was when the server ended, and the place in the log up to which it goes: <c>chunk_snapshot.SEGMENT.OFFSET</c>.</summary>
/// <remarks>
/// <para>
/// The format is upstream's: the segments of a log, with a record for each series (labels and open chunk), one for the deleted intervals, and some
/// for the exemplars. Full chunks are in their own files.
/// </para>
/// <para>
/// It is used only if the log ends where the snapshot does, and it is deleted before anything is logged behind it. A log that goes on was written by a server
/// that may know series which the snapshot does not; it holds everything, and is read as a whole then.
/// </para>
/// </remarks>
internal sealed record MemorySnapshot(string Path, int Segment, long Offset)
{
    /// <summary>The file beside the segments with the greatest number of a series that the log has ever seen. Upstream overlooks it.</summary>
    public const string GreatestNumberFile = "greatest_series_number";

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

    /// <summary>Whether a log ends where the snapshot does, apart from zeros up to the end of the page and segments without content.</summary>
    public bool IsAtEndOf(string walDirectory, IWalFileSystem files)
    {
        if (CheckpointDirectory.FindLast(walDirectory, files) is { } checkpoint && checkpoint.Index >= Segment)
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
