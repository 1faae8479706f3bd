namespace Narthex.Tsdb.Head;

/// <summary>How the head behaves.</summary>
public sealed record HeadOptions
{
    /// <summary>The range that chunks and blocks are aligned to: two hours.</summary>
    public long ChunkRangeMs { get; init; } = 2 * 60 * 60 * 1000;

    /// <summary>The number of samples that chunks aim at.</summary>
    public int SamplesPerChunk { get; init; } = Series.ChunkCutting.SamplesTarget;

    /// <summary>How many exemplars are kept; 0 for none.</summary>
    public long MaxExemplars { get; init; }

    /// <summary>Whether metadata of series is kept and logged.</summary>
    public bool KeepMetadata { get; init; }
}
