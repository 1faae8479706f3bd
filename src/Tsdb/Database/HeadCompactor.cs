using Narthex.Model;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb;

/// <summary>Decides which part of the head becomes a block next.</summary>
internal static class HeadCompactor
{
    /// <summary>Whether the head spans so much that its oldest range gets no samples any more: one and a half ranges, as upstream.</summary>
    public static bool IsDue(HeadStorage head) => head.IsCompactable;

    /// <summary>The oldest range of the head, up to the next multiple of the block range.</summary>
    public static TimeRange OldestRange(HeadStorage head) => new(head.MinTimeMs, ChunkCutting.RangeEnd(head.MinTimeMs, head.ChunkRangeMs) - 1);
}
