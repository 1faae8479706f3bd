using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Tests.Wal;

/// <summary>A file system in memory that runs full, and can be told to refuse cutting and opening.</summary>
internal sealed class MemoryWalFiles : IWalFileSystem
{
    public Dictionary<string, byte[]> Files { get; } = [];

    /// <summary>Bytes that can still be written; a write beyond it stores what fits and fails.</summary>
    public long FreeBytes { get; set; } = long.MaxValue;

    public bool RefusesSetLength { get; set; }

    public bool RefusesNewFiles { get; set; }

    public int Syncs { get; private set; }

    public void CreateDirectory(string path)
    {
    }

    public IReadOnlyList<string> ListNames(string path)
    {
        lock (Files)
        {
            return [.. Files.Keys.Where(name => name.StartsWith(path + "/", StringComparison.Ordinal)).Select(name => name[(path.Length + 1)..].Split('/')[0]).Distinct()];
        }
    }

    public IWalFile OpenRead(string path)
    {
        lock (Files)
        {
            return Files.ContainsKey(path) ? new MemoryFile(this, path) : throw new FileNotFoundException(path);
        }
    }

    public IWalFile OpenWrite(string path)
    {
        lock (Files)
        {
            if (!Files.ContainsKey(path))
            {
                if (RefusesNewFiles)
                {
                    throw new IOException("no space left on device");
                }

                Files[path] = [];
            }

            return new MemoryFile(this, path);
        }
    }

    public long GetLength(string path)
    {
        lock (Files)
        {
            return Files[path].Length;
        }
    }

    public void DeleteFile(string path)
    {
        lock (Files)
        {
            Files.Remove(path);
        }
    }

    public void DeleteDirectory(string path)
    {
        lock (Files)
        {
            foreach (string name in Files.Keys.Where(name => name.StartsWith(path + "/", StringComparison.Ordinal)).ToArray())
            {
                Files.Remove(name);
            }
        }
    }

    public void RenameDirectory(string from, string to)
    {
        lock (Files)
        {
            foreach (string name in Files.Keys.Where(name => name.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
            {
                Files.Remove(name, out byte[]? content);
                Files[to + name[from.Length..]] = content!;
            }
        }
    }

    public void SyncDirectory(string path)
    {
    }

    private sealed class MemoryFile(MemoryWalFiles owner, string path) : IWalFile
    {
        public long Length => owner.GetLength(path);

        public int Read(Span<byte> destination, long offset)
        {
            lock (owner.Files)
            {
                byte[] content = owner.Files[path];
                int count = (int)Math.Clamp(content.Length - offset, 0, destination.Length);
                content.AsSpan((int)Math.Min(offset, content.Length), count).CopyTo(destination);
                return count;
            }
        }

        public void Write(ReadOnlySpan<byte> data, long offset)
        {
            lock (owner.Files)
            {
                int fits = (int)Math.Min(owner.FreeBytes, data.Length);
                byte[] content = owner.Files[path];
                Array.Resize(ref content, (int)Math.Max(content.Length, offset + fits));
                data[..fits].CopyTo(content.AsSpan((int)offset));
                owner.Files[path] = content;
                owner.FreeBytes -= fits;
                if (fits < data.Length)
                {
                    throw new IOException("no space left on device");
                }
            }
        }

        public void SetLength(long length)
        {
            lock (owner.Files)
            {
                if (owner.RefusesSetLength)
                {
                    throw new IOException("input/output error");
                }

                byte[] content = owner.Files[path];
                Array.Resize(ref content, (int)length);
                owner.Files[path] = content;
            }
        }

        public void Sync() => owner.Syncs++;

        public void Dispose()
        {
        }
    }
}
