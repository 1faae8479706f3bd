using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Compaction;

/// <summary>Decides which blocks are too old or too many, as upstream does. Pure.</summary>
public static class BlockRetention
{
    /// <summary>The blocks that end at least <paramref name="retentionMs"/> before the newest one does; none if that is zero.</summary>
    public static IReadOnlyList<BlockId> BeyondTime(IEnumerable<BlockMeta> blocks, long retentionMs)
    {
        List<BlockMeta> newestFirst = NewestFirst(blocks);
        return retentionMs <= 0
            ? []
            : [.. newestFirst.Skip(1).SkipWhile(block => newestFirst[0].MaxTime - block.MaxTime < retentionMs).Select(block => block.Ulid)];
    }

    /// <summary>The oldest blocks, from the one on with which the limit is passed; none if that is zero.</summary>
    /// <param name="blocks">All blocks with their sizes.</param>
    /// <param name="bytesMax">The limit for everything.</param>
    /// <param name="otherBytes">What the log and the head take beside the blocks.</param>
    public static IReadOnlyList<BlockId> BeyondSize(IEnumerable<(BlockMeta Meta, long Bytes)> blocks, long bytesMax, long otherBytes)
    {
        if (bytesMax <= 0)
        {
            return [];
        }

        var doomed = new List<BlockId>();
        long total = otherBytes;
        foreach ((BlockMeta meta, long bytes) in blocks.OrderByDescending(block => block.Meta.MaxTime).ThenByDescending(block => block.Meta.Ulid))
        {
            total += bytes;
            if (total > bytesMax)
            {
                doomed.Add(meta.Ulid);
            }
        }

        return doomed;
    }

    private static List<BlockMeta> NewestFirst(IEnumerable<BlockMeta> blocks) =>
        [.. blocks.OrderByDescending(block => block.MaxTime).ThenByDescending(block => block.Ulid)];
}
