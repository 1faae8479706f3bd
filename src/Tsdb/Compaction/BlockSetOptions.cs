using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Compaction;

/// <summary>How blocks are compacted and how long they are kept. The defaults are upstream's.</summary>
public sealed record BlockSetOptions
{
    /// <summary>Upstream's size of a file of chunks.</summary>
    public const long ChunkSegmentBytesDefault = ChunkSegmentWriter.SegmentBytesDefault;

    /// <summary>The length of blocks from the head (<c>--storage.tsdb.min-block-duration</c>).</summary>
    public TimeSpan MinBlockDuration { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The greatest length of compacted blocks (<c>--storage.tsdb.max-block-duration</c>); upstream sets a tenth of the retention, at most 31 days.</summary>
    public TimeSpan MaxBlockDuration { get; init; } = TimeSpan.FromHours(36);

    /// <summary>How long samples are kept; zero for ever.</summary>
    public TimeSpan RetentionTime { get; init; } = TimeSpan.FromDays(15);

    /// <summary>How much disk the blocks and <see cref="OtherBytes"/> may take; zero for any.</summary>
    public long RetentionBytes { get; init; }

    /// <summary>Tells what the log and the head take on disk.</summary>
    public Func<long> OtherBytes { get; init; } = static () => 0;

    /// <summary>Whether blocks that overlap in time are compacted with each other.</summary>
    public bool MergeOverlapping { get; init; } = true;

    /// <summary>Tells whether a block must not be compacted for now.</summary>
    public Func<BlockMeta, bool>? IsHeldBack { get; init; }

    /// <summary>The most bytes of one file of a block's chunks.</summary>
    public long ChunkSegmentBytes { get; init; } = ChunkSegmentBytesDefault;

    /// <summary>Whether compaction is off altogether; then only retention changes the set.</summary>
    public bool DisableCompaction { get; init; }

    internal IReadOnlyList<long> RangesMs =>
        CompactionPlanner.ExponentialRanges((long)MinBlockDuration.TotalMilliseconds, (long)MaxBlockDuration.TotalMilliseconds);
}
