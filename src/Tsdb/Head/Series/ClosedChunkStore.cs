using System.Runtime.InteropServices;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb.Head.Series;

/// <summary>Keeps the full chunks of the head. Immutable once added; those of one series form a chain from the newest to the oldest.</summary>
/// <remarks>In memory for now. The handle is all that a series keeps, so that chunks can move to files behind this interface.</remarks>
internal sealed class ClosedChunkStore
{
    private const int HeaderBytes = 4 + 4 + 8 + 8; // Handle of the chunk before, length, first and last time.

    private readonly SlabArena _arena = new();
    private long _count;

    /// <summary>The number of chunks.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Bytes in use.</summary>
    public long UsedBytes => _arena.UsedBytes;

    /// <summary>Adds a chunk in front of the chain <paramref name="previous"/> and returns the new chain.</summary>
    public uint Add(uint previous, long minMs, long maxMs, ReadOnlySpan<byte> chunk)
    {
        uint handle = _arena.Allocate(SlabArena.UnitsFor(HeaderBytes + chunk.Length));
        Span<byte> block = _arena.GetBytes(handle, HeaderBytes + chunk.Length);
        MemoryMarshal.Write(block, previous);
        MemoryMarshal.Write(block[4..], chunk.Length);
        MemoryMarshal.Write(block[8..], minMs);
        MemoryMarshal.Write(block[16..], maxMs);
        chunk.CopyTo(block[HeaderBytes..]);
        Interlocked.Increment(ref _count);
        return handle;
    }

    /// <summary>A chunk by its handle.</summary>
    public ClosedChunk Get(uint handle)
    {
        ReadOnlySpan<byte> header = _arena.GetBytes(handle, HeaderBytes);
        int length = MemoryMarshal.Read<int>(header[4..]);
        return new ClosedChunk
        {
            Previous = MemoryMarshal.Read<uint>(header),
            MinMs = MemoryMarshal.Read<long>(header[8..]),
            MaxMs = MemoryMarshal.Read<long>(header[16..]),
            Bytes = _arena.GetBytes(handle, HeaderBytes + length)[HeaderBytes..],
        };
    }
}

/// <summary>A full chunk.</summary>
internal readonly ref struct ClosedChunk
{
    /// <summary>The chunk before it; 0 for none.</summary>
    public uint Previous { get; init; }

    /// <summary>Its first time.</summary>
    public long MinMs { get; init; }

    /// <summary>Its last time.</summary>
    public long MaxMs { get; init; }

    /// <summary>The encoded samples.</summary>
    public ReadOnlySpan<byte> Bytes { get; init; }
}
