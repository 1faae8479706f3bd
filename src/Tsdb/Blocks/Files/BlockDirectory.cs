using Narthex.Storage;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Blocks.Files;

/// <summary>How blocks appear and disappear: complete or not at all, whenever the process is killed.</summary>
internal static class BlockDirectory
{
    /// <summary>Ends the name of a block that is being written.</summary>
    public const string CreationSuffix = ".tmp-for-creation";

    /// <summary>Ends the name of a block that is being deleted.</summary>
    public const string DeletionSuffix = ".tmp-for-deletion";

    /// <summary>The suffix that releases of long ago used for both.</summary>
    public const string LegacySuffix = ".tmp";

    public static void Sync(string directory) => WalFileSystem.Instance.SyncDirectory(directory);

    /// <summary>Gives a finished temporary directory its name.</summary>
    public static void Publish(string temporary, string final)
    {
        Sync(temporary);
        Directory.Move(temporary, final);
        Sync(Path.GetDirectoryName(final)!);
    }

    /// <summary>Deletes a block. From the rename on it is gone, however long the rest takes.</summary>
    public static void Delete(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return;
        }

        string doomed = directory + DeletionSuffix;
        if (Directory.Exists(doomed))
        {
            Directory.Delete(doomed, recursive: true);
        }

        Directory.Move(directory, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Removes what a killed process has left half done.</summary>
    public static void RemoveLeftovers(string parent)
    {
        foreach (string path in Directory.EnumerateDirectories(parent))
        {
            string name = Path.GetFileName(path);
            foreach (string suffix in (ReadOnlySpan<string>)[CreationSuffix, DeletionSuffix, LegacySuffix])
            {
                if (name.EndsWith(suffix, StringComparison.Ordinal) && BlockId.TryParse(name[..^suffix.Length], out _))
                {
                    Directory.Delete(path, recursive: true);
                    break;
                }
            }
        }
    }

    /// <summary>Writes a small file beside the old one, syncs it and renames it over the old one.</summary>
    public static void ReplaceFile(string path, ReadOnlySpan<byte> bytes)
    {
        string temporary = path + LegacySuffix;
        try
        {
            using (Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
            {
                FileWriting.Write(handle, bytes, 0);
                RandomAccess.FlushToDisk(handle);
            }

            File.Move(temporary, path, overwrite: true);
            Sync(Path.GetDirectoryName(path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"write {path}: {error.Message}", error);
        }
    }

    /// <summary>The bytes of all files in a directory.</summary>
    public static long GetSize(string directory)
    {
        long size = 0;
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories))
        {
            size += file.Length;
        }

        return size;
    }
}
