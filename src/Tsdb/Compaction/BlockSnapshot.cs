using System.Runtime.InteropServices;
using Narthex.Storage;
using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Compaction;

/// <summary>Puts a block into another directory under the same name.</summary>
internal static partial class BlockSnapshot
{
    /// <summary>Links or copies all files of a block; the block appears complete or not at all.</summary>
    public static void Take(string blockDirectory, string targetParent)
    {
        string name = Path.GetFileName(blockDirectory);
        string final = Path.Combine(targetParent, name);
        string temporary = final + BlockDirectory.CreationSuffix;
        try
        {
            foreach (string path in Directory.EnumerateFiles(blockDirectory, "*", SearchOption.AllDirectories))
            {
                string target = Path.Combine(temporary, Path.GetRelativePath(blockDirectory, path));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);

                // Files that are replaced by a rename, never changed in place, may be shared.
                if (OperatingSystem.IsWindows() || Link(path, target) != 0)
                {
                    File.Copy(path, target);
                }
            }

            BlockDirectory.Publish(temporary, final);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"snapshot of block {name}: {error.Message}", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string path, string target);
}
