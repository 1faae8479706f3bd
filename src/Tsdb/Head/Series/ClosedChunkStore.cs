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

    /// <summary>Bytes held, in use or not.</summary>
    public long ReservedBytes => _arena.ReservedBytes;

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

    /// <summary>
    /// Cuts a chain behind its last chunk that reaches to <paramref name="minMs"/> or later. Returns the chain that is left, and the one
    /// cut off, which is to be freed when nobody can be walking it any more. For the one writer of the series.
    /// </summary>
    public uint Cut(uint newest, long minMs, out uint cutOff)
    {
        uint kept = 0;
        uint handle = newest;
        while (handle != 0)
        {
            ReadOnlySpan<byte> header = _arena.GetBytes(handle, HeaderBytes);
            if (MemoryMarshal.Read<long>(header[16..]) < minMs)
            {
                break;
            }

            kept = handle;
            handle = MemoryMarshal.Read<uint>(header);
        }

        cutOff = handle;
        if (kept == 0)
        {
            return 0;
        }

        if (handle != 0)
        {
            Volatile.Write(ref MemoryMarshal.AsRef<uint>(_arena.GetBytes(kept, sizeof(uint))), 0);
        }

        return newest;
    }

    /// <summary>Frees a chain that was cut off, and returns the number of its chunks.</summary>
    public int Free(uint newest)
    {
        int count = 0;
        for (uint handle = newest; handle != 0; count++)
        {
            ClosedChunk chunk = Get(handle);
            int units = SlabArena.UnitsFor(HeaderBytes + chunk.Bytes.Length);
            uint previous = chunk.Previous;
            _arena.Free(handle, units);
            handle = previous;
        }

        Interlocked.Add(ref _count, -count);
        return count;
    }

    /// <summary>Gives memory that is not needed back.</summary>
    public void ReleaseMemory() => _arena.ReleaseEmpty();

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
