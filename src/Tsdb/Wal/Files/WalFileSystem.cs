using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Narthex.Tsdb.Wal.Files;

/// <summary>The real file system.</summary>
public sealed partial class WalFileSystem : IWalFileSystem
{
    private WalFileSystem()
    {
    }

    /// <summary>The one instance; it has no state.</summary>
    public static WalFileSystem Instance { get; } = new();

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Directory.CreateDirectory(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListNames(string path)
    {
        if (!Directory.Exists(path))
        {
            return [];
        }

        var names = new List<string>();
        foreach (string entry in Directory.EnumerateFileSystemEntries(path))
        {
            names.Add(Path.GetFileName(entry));
        }

        return names;
    }

    /// <inheritdoc/>
    public IWalFile OpenRead(string path) =>
        new WalFile(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.SequentialScan));

    /// <inheritdoc/>
    public IWalFile OpenWrite(string path) =>
        new WalFile(File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete));

    /// <inheritdoc/>
    public long GetLength(string path) => new FileInfo(path).Length;

    /// <inheritdoc/>
    public void DeleteFile(string path) => File.Delete(path);

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <inheritdoc/>
    public void RenameDirectory(string from, string to) => Directory.Move(from, to);

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        // The framework opens files only. Windows journals names by itself and knows no such call.
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        int descriptor = Open(path, 0);
        if (descriptor < 0)
        {
            throw new IOException($"open directory {path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        }

        try
        {
            if (FileSync(descriptor) != 0)
            {
                throw new IOException($"sync directory {path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int FileSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Close(int descriptor);

    private sealed class WalFile(SafeFileHandle handle) : IWalFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(Span<byte> destination, long offset) => RandomAccess.Read(handle, destination, offset);

        public void Write(ReadOnlySpan<byte> data, long offset) => FileWriting.Write(handle, data, offset);

        public void SetLength(long length) => RandomAccess.SetLength(handle, length);

        public void Sync() => RandomAccess.FlushToDisk(handle);

        public void Dispose() => handle.Dispose();
    }
}
