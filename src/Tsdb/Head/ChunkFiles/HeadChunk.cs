using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.ChunkFiles;

/// <summary>Where a chunk is in the files of the head: the number of the file in the upper half, the place in it in the lower, as upstream's.</summary>
internal readonly record struct HeadChunkRef(ulong Value)
{
    public HeadChunkRef(int file, long offset)
        : this(((ulong)file << 32) | (ulong)offset)
    {
    }

    /// <summary>The number of the file.</summary>
    public int File => (int)(Value >> 32);

    /// <summary>Where in the file its header begins.</summary>
    public uint Offset => (uint)Value;
}

/// <summary>What the header of a chunk in a file says.</summary>
/// <param name="Series">The series' number in the log.</param>
/// <param name="MinMs">The first time.</param>
/// <param name="MaxMs">The last time.</param>
/// <param name="Encoding">How its samples are encoded.</param>
/// <param name="IsOutOfOrder">Whether it holds samples that came late.</param>
/// <param name="Length">The bytes of its samples.</param>
/// <param name="Ref">Where it is.</param>
internal readonly record struct HeadChunk(ulong Series, long MinMs, long MaxMs, ChunkEncoding Encoding, bool IsOutOfOrder, int Length, HeadChunkRef Ref);
