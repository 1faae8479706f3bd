using System.Globalization;
using Narthex.Storage;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Wal;

/// <summary>A checkpoint: what is still needed of all segments up to one, in a directory beside them.</summary>
/// <param name="Path">Its directory, which holds segments of its own.</param>
/// <param name="Index">The last segment it stands for: replay goes on with the one behind it.</param>
public readonly record struct WalCheckpoint(string Path, int Index);

/// <summary>Finds, names and deletes checkpoints.</summary>
public static class CheckpointDirectory
{
    private const string Prefix = "checkpoint.";
    private const string TemporarySuffix = ".tmp";

    /// <summary>The path of a checkpoint.</summary>
    public static string PathOf(string walDirectory, int index) =>
        Path.Combine(walDirectory, Prefix + index.ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>The newest checkpoint; null if there is none.</summary>
    public static WalCheckpoint? FindLast(string walDirectory, IWalFileSystem? files = null)
    {
        WalCheckpoint? last = null;
        foreach (WalCheckpoint checkpoint in List(walDirectory, files ?? WalFileSystem.Instance))
        {
            last = last is { } other && other.Index > checkpoint.Index ? last : checkpoint;
        }

        return last;
    }

    /// <summary>Deletes the checkpoints before <paramref name="index"/>, and what unfinished ones left behind.</summary>
    /// <exception cref="StorageException">Some are still there.</exception>
    public static void DeleteBefore(string walDirectory, int index, IWalFileSystem? files = null)
    {
        files ??= WalFileSystem.Instance;
        try
        {
            foreach (string name in files.ListNames(walDirectory))
            {
                if (name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(TemporarySuffix, StringComparison.Ordinal))
                {
                    files.DeleteDirectory(Path.Combine(walDirectory, name));
                }
            }

            foreach (WalCheckpoint checkpoint in List(walDirectory, files))
            {
                if (checkpoint.Index < index)
                {
                    files.DeleteDirectory(checkpoint.Path);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"delete checkpoints: {error.Message}", error);
        }
    }

    internal static string TemporaryPathOf(string walDirectory, int index) => PathOf(walDirectory, index) + TemporarySuffix;

    private static IEnumerable<WalCheckpoint> List(string walDirectory, IWalFileSystem files)
    {
        foreach (string name in files.ListNames(walDirectory))
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            {
                yield return new WalCheckpoint(Path.Combine(walDirectory, name), index);
            }
        }
    }
}
