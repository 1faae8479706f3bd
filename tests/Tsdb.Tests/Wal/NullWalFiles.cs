using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Tests.Wal;

/// <summary>A file system that takes everything and keeps nothing: for measuring what stands above it.</summary>
internal sealed class NullWalFiles : IWalFileSystem, IWalFile
{
    public long Length => 0;

    public void CreateDirectory(string path)
    {
    }

    public IReadOnlyList<string> ListNames(string path) => [];

    public IWalFile OpenRead(string path) => this;

    public IWalFile OpenWrite(string path) => this;

    public long GetLength(string path) => 0;

    public void DeleteFile(string path)
    {
    }

    public void DeleteDirectory(string path)
    {
    }

    public void RenameDirectory(string from, string to)
    {
    }

    public void SyncDirectory(string path)
    {
    }

    public int Read(Span<byte> destination, long offset) => 0;

    public void Write(ReadOnlySpan<byte> data, long offset)
    {
    }

    public void SetLength(long length)
    {
    }

    public void Sync()
    {
    }

    public void Dispose()
    {
    }
}
