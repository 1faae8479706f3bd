using System.Globalization;
using Narthex.Storage;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Wal;

/// <summary>A segment file of the log.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Index">Its number.</param>
public readonly record struct WalSegment(string Path, int Index);

/// <summary>Finds and names segment files.</summary>
public static class WalSegments
{
    /// <summary>The path of a segment: its number in eight digits.</summary>
    public static string PathOf(string directory, int index) => Path.Combine(directory, index.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The segments in a directory, in ascending order. Other names are ignored.</summary>
    /// <exception cref="StorageException">A number is missing in between, so that records have been lost.</exception>
    public static IReadOnlyList<WalSegment> List(IWalFileSystem files, string directory)
    {
        var segments = new List<WalSegment>();
        foreach (string name in files.ListNames(directory))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                segments.Add(new WalSegment(Path.Combine(directory, name), index));
            }
        }

        segments.Sort((left, right) => left.Index.CompareTo(right.Index));
        for (int i = 1; i < segments.Count; i++)
        {
            if (segments[i].Index != segments[i - 1].Index + 1)
            {
                throw new StorageException($"segments are not sequential in {directory}: {segments[i - 1].Index} is followed by {segments[i].Index}");
            }
        }

        return segments;
    }

    /// <summary>The segments in a directory from <paramref name="first"/> to <paramref name="last"/>, both included.</summary>
    public static IReadOnlyList<WalSegment> List(IWalFileSystem files, string directory, int first, int last) =>
        [.. List(files, directory).Where(segment => segment.Index >= first && segment.Index <= last)];
}
