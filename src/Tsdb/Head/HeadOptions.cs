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

    /// <summary>How float samples are encoded; may be changed later.</summary>
    public Chunks.ChunkEncoding FloatEncoding { get; init; } = Chunks.ChunkEncoding.Xor;

    /// <summary>Whether start timestamps are kept beside samples. Floats must then be encoded as XOR2.</summary>
    public bool KeepStartTimestamps { get; init; }

    /// <summary>Whether native histograms are encoded so that they can have start timestamps.</summary>
    public bool HistogramsWithStarts { get; init; }

    /// <summary>Whether start timestamps become samples of their own, with the value zero.</summary>
    public bool StartTimestampsAsZeros { get; init; }
}
