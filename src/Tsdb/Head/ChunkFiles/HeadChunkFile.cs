using Narthex.Tsdb.Blocks.Files;

namespace Narthex.Tsdb.Head.ChunkFiles;

/// <summary>One file of chunks: how many of them are in use, and its mapping, which is made when the first is read.</summary>
internal sealed class HeadChunkFile(int number, string path) : IDisposable
{
    private readonly Lock _lock = new();
    private volatile MappedFile? _mapping;
    private long _used;
    private volatile bool _touched;
    private bool _disposed;

    /// <summary>Its number.</summary>
    public int Number { get; } = number;

    /// <summary>Where it is.</summary>
    public string Path { get; } = path;

    /// <summary>The bytes that hold chunks, the file's header included.</summary>
    public long Length;

    /// <summary>Whether a chunk in it is in use.</summary>
    public bool IsUsed => Volatile.Read(ref _used) > 0;

    public void Use() => Interlocked.Increment(ref _used);

    public void Release() => Interlocked.Decrement(ref _used);

    /// <summary>The mapped bytes at a place.</summary>
    public ReadOnlySpan<byte> GetBytes(long offset, int length)
    {
        if (!_touched)
        {
            _touched = true;
        }

        return (_mapping ?? Map()).TrySlice((ulong)offset, (ulong)length, out ReadOnlySpan<byte> bytes)
            ? bytes
            : throw new InvalidOperationException($"{Path} has no {length} bytes at {offset}.");
    }

    /// <summary>Lets the system take the pages that were read since the last call out of the process: they stay in its cache.</summary>
    public void ReleasePages()
    {
        if (_touched)
        {
            _touched = false;
            ReleaseAllPages();
        }
    }

    /// <summary>As <see cref="ReleasePages"/>, for whoever reads on in what he was given: without asking whether something else was.</summary>
    public void ReleaseAllPages()
    {
        // Not while the mapping goes: in its place there may be something else at once.
        lock (_lock)
        {
            _mapping?.ReleasePages();
        }
    }

    /// <summary>Removes the mapping. Nobody may be reading.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _mapping?.Dispose();
            _mapping = null;
        }
    }

    private MappedFile Map()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _mapping ??= MappedFile.Open(Path);
        }
    }
}
