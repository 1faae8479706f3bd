using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

/// <summary>The real file system, on a disk that is full while <see cref="IsFull"/>: half of a write gets through.</summary>
internal sealed class FullDiskFiles : IWalFileSystem
{
    private readonly WalFileSystem _real = WalFileSystem.Instance;

    public bool IsFull { get; set; }

    public void CreateDirectory(string path) => _real.CreateDirectory(path);

    public IReadOnlyList<string> ListNames(string path) => _real.ListNames(path);

    public IWalFile OpenRead(string path) => _real.OpenRead(path);

    public IWalFile OpenWrite(string path) => new Handle(this, _real.OpenWrite(path));

    public long GetLength(string path) => _real.GetLength(path);

    public void DeleteFile(string path) => _real.DeleteFile(path);

    public void DeleteDirectory(string path) => _real.DeleteDirectory(path);

    public void RenameDirectory(string from, string to) => _real.RenameDirectory(from, to);

    public void SyncDirectory(string path) => _real.SyncDirectory(path);

    private sealed class Handle(FullDiskFiles disk, IWalFile real) : IWalFile
    {
        public long Length => real.Length;

        public int Read(Span<byte> destination, long offset) => real.Read(destination, offset);

        public void Write(ReadOnlySpan<byte> data, long offset)
        {
            if (disk.IsFull)
            {
                real.Write(data[..(data.Length / 2)], offset);
                throw new IOException("No space left on device");
            }

            real.Write(data, offset);
        }

        public void SetLength(long length) => real.SetLength(length);

        public void Sync() => real.Sync();

        public void Dispose() => real.Dispose();
    }
}
