using Narthex.Model;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb;

/// <summary>Turns the oldest range of the head into a block.</summary>
internal static class HeadCompactor
{
    /// <summary>Whether the head spans so much that its oldest range gets no samples any more: one and a half ranges, as upstream.</summary>
    public static bool IsDue(HeadStorage head) =>
        head.MinTimeMs <= head.MaxTimeMs && head.MaxTimeMs - head.MinTimeMs > head.ChunkRangeMs / 2 * 3;

    /// <summary>The oldest range of the head, up to the next multiple of the block range.</summary>
    public static TimeRange OldestRange(HeadStorage head) => new(head.MinTimeMs, ChunkCutting.RangeEnd(head.MinTimeMs, head.ChunkRangeMs) - 1);

    /// <summary>Writes a range of the head as a block. The head keeps it until it is truncated. Null if there is nothing in it.</summary>
    /// <exception cref="Storage.StorageException">The block could not be written; there is no trace of it.</exception>
    public static BlockMeta? Write(HeadStorage head, TimeRange range, string directory, TimeProvider time, CancellationToken cancellationToken)
    {
        BlockId id = BlockId.New(time);
        var meta = new BlockMeta
        {
            Ulid = id,
            MinTime = range.MinMs,
            MaxTime = range.MaxMs + 1,
            Compaction = new BlockCompaction { Level = 1, Sources = [id.ToString()] },
        };
        using var source = new HeadBlockSource(head, range, cancellationToken);
        return BlockWriter.Write(directory, meta, source, cancellationToken);
    }
}
