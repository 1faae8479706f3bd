namespace Narthex.Tsdb.Wal.Files;

/// <summary>What the write-ahead log needs of a file system. Tests put one below that fails on purpose.</summary>
/// <remarks>Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>, as from the framework.</remarks>
public interface IWalFileSystem
{
    /// <summary>Makes the directory and its parents if they are not there.</summary>
    void CreateDirectory(string path);

    /// <summary>Names (without path) of files and directories in a directory, in no particular order; none if it is not there.</summary>
    IReadOnlyList<string> ListNames(string path);

    /// <summary>Opens a file for reading; others may write to it.</summary>
    IWalFile OpenRead(string path);

    /// <summary>Opens a file for writing and reading, and makes it if it is not there.</summary>
    IWalFile OpenWrite(string path);

    /// <summary>The length of a file.</summary>
    long GetLength(string path);

    /// <summary>Deletes a file; nothing happens if it is not there.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes a directory with all that is in it; nothing happens if it is not there.</summary>
    void DeleteDirectory(string path);

    /// <summary>Renames a directory.</summary>
    void RenameDirectory(string from, string to);

    /// <summary>Makes names that were created, renamed or deleted in the directory survive a power cut.</summary>
    void SyncDirectory(string path);
}

/// <summary>An open file of the log.</summary>
public interface IWalFile : IDisposable
{
    /// <summary>The length.</summary>
    long Length { get; }

    /// <summary>Reads at an offset; 0 at the end of the file.</summary>
    int Read(Span<byte> destination, long offset);

    /// <summary>Hands all of <paramref name="data"/> to the operating system, at an offset. After a failure some of it may have been written.</summary>
    void Write(ReadOnlySpan<byte> data, long offset);

    /// <summary>Cuts the file, or extends it with zeros.</summary>
    void SetLength(long length);

    /// <summary>Makes what was written survive a power cut.</summary>
    void Sync();
}
