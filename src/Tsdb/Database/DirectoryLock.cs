using Narthex.Storage;

namespace Narthex.Tsdb;

/// <summary>Keeps a second server off a data directory: an advisory lock (flock) on the file <c>lock</c>, as upstream's.</summary>
internal sealed class DirectoryLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _path;

    private DirectoryLock(FileStream file, string path, bool wasThere)
    {
        _file = file;
        _path = path;
        WasThere = wasThere;
    }

    /// <summary>Whether the file was there before: the last server did not end cleanly.</summary>
    public bool WasThere { get; }

    /// <summary>Takes the lock.</summary>
    /// <exception cref="StorageException">Another process has it, or the file cannot be made.</exception>
    public static DirectoryLock Take(string directory)
    {
        string path = Path.Combine(directory, "lock");
        try
        {
            bool wasThere = File.Exists(path);

            // On Unix the runtime takes an exclusive flock for a file that is not shared: the very lock that upstream takes.
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            using var writer = new StreamWriter(file, leaveOpen: true);
            writer.Write(Environment.ProcessId);
            return new DirectoryLock(file, path, wasThere);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"lock DB directory: {error.Message}", error);
        }
    }

    public void Dispose()
    {
        // While the lock is still held, so that nobody else's file is deleted.
        try
        {
            File.Delete(_path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The next start takes it for an unclean end, which is harmless.
        }

        _file.Dispose();
    }
}
