using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Compaction;

/// <summary>Decides which blocks to compact next, as upstream does. Pure: descriptions in, names out.</summary>
public static class CompactionPlanner
{
    // A block whose intervals outnumber this share of its series is worth rewriting.
    private const double TombstoneShareMax = 0.05;

    /// <summary>The lengths of blocks by level: <paramref name="minMs"/>, then each three times the last, none above <paramref name="maxMs"/> but the first.</summary>
    public static IReadOnlyList<long> ExponentialRanges(long minMs, long maxMs)
    {
        var ranges = new List<long> { minMs };
        while (ranges.Count < 10 && ranges[^1] * 3 <= maxMs)
        {
            ranges.Add(ranges[^1] * 3);
        }

        return ranges;
    }

    /// <summary>The blocks to compact together now; none if there is nothing to do.</summary>
    /// <param name="blocks">All blocks, in any order.</param>
    /// <param name="rangesMs">The lengths of blocks by level.</param>
    /// <param name="mergeOverlapping">Whether blocks that overlap are to be compacted first.</param>
    public static IReadOnlyList<BlockId> Plan(IEnumerable<BlockMeta> blocks, IReadOnlyList<long> rangesMs, bool mergeOverlapping = true)
    {
        List<BlockMeta> sorted = [.. blocks.OrderBy(block => block.MinTime).ThenBy(block => block.Ulid)];
        List<BlockMeta> chosen = mergeOverlapping ? Overlapping(sorted) : [];
        if (chosen.Count == 0 && sorted.Count > 0)
        {
            // The newest block waits for a full length, so that backups can take it piece by piece.
            sorted.RemoveAt(sorted.Count - 1);
            chosen = OfOneLevel(sorted, rangesMs);
            if (chosen.Count == 0)
            {
                chosen = WithManyTombstones(sorted, rangesMs);
            }
        }

        return [.. chosen.Select(block => block.Ulid)];
    }

    private static List<BlockMeta> Overlapping(List<BlockMeta> blocks)
    {
        var group = new List<BlockMeta>();
        long maxTime = blocks.Count > 0 ? blocks[0].MaxTime : 0;
        for (int i = 1; i < blocks.Count; i++)
        {
            if (blocks[i].MinTime < maxTime)
            {
                if (group.Count == 0)
                {
                    group.Add(blocks[i - 1]);
                }

                group.Add(blocks[i]);
            }
            else if (group.Count > 0)
            {
                break;
            }

            maxTime = Math.Max(maxTime, blocks[i].MaxTime);
        }

        return group;
    }

    private static List<BlockMeta> OfOneLevel(List<BlockMeta> blocks, IReadOnlyList<long> rangesMs)
    {
        if (blocks.Count == 0)
        {
            return [];
        }

        long newest = blocks[^1].MinTime;
        foreach (long range in rangesMs.Skip(1))
        {
            foreach (List<BlockMeta> part in SplitByRange(blocks, range))
            {
                long min = part[0].MinTime;
                long max = part[^1].MaxTime;

                // Full, or nothing can come any more that would fit in.
                if (part.Count > 1 && !part.Exists(block => block.Compaction.Failed) && (max - min == range || max <= newest))
                {
                    return part;
                }
            }
        }

        return [];
    }

    /// <summary>Groups the blocks that lie within the same aligned range; those that lie in none are left out.</summary>
    internal static List<List<BlockMeta>> SplitByRange(List<BlockMeta> blocks, long range)
    {
        var parts = new List<List<BlockMeta>>();
        for (int i = 0; i < blocks.Count;)
        {
            long min = blocks[i].MinTime;
            long start = min >= 0 ? range * (min / range) : range * ((min - range + 1) / range);
            if (blocks[i].MaxTime > start + range)
            {
                i++;
                continue;
            }

            var part = new List<BlockMeta>();
            for (; i < blocks.Count && blocks[i].MaxTime <= start + range; i++)
            {
                part.Add(blocks[i]);
            }

            parts.Add(part);
        }

        return parts;
    }

    private static List<BlockMeta> WithManyTombstones(List<BlockMeta> blocks, IReadOnlyList<long> rangesMs)
    {
        for (int i = blocks.Count - 1; i >= 0; i--)
        {
            BlockStats stats = blocks[i].Stats;
            if (blocks[i].MaxTime - blocks[i].MinTime < rangesMs[rangesMs.Count / 2])
            {
                // Small blocks are rewritten soon anyway, but one of which nothing is left can go now.
                if (stats.NumTombstones > 0 && stats.NumTombstones >= stats.NumSeries)
                {
                    return [blocks[i]];
                }

                break;
            }

            if (stats.NumTombstones / (double)(stats.NumSeries + 1) > TombstoneShareMax)
            {
                return [blocks[i]];
            }
        }

        return [];
    }
}
