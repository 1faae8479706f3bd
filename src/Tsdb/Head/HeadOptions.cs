namespace Narthex.Tsdb.Head;

/// <summary>How the head behaves.</summary>
public sealed record HeadOptions
{
    /// <summary>The range that chunks and blocks are aligned to: two hours.</summary>
    public long ChunkRangeMs { get; init; } = 2 * 60 * 60 * 1000;
}
