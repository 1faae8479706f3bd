namespace Narthex.Tsdb.Chunks;

/// <summary>How the samples in a chunk are encoded. The numbers stand on disk before each chunk.</summary>
public enum ChunkEncoding : byte
{
    /// <summary>No samples.</summary>
    None = 0,

    /// <summary>Floats: deltas of deltas of timestamps, XORs of values.</summary>
    Xor = 1,

    /// <summary>Native histograms with integer counts.</summary>
    Histogram = 2,

    /// <summary>Native histograms with float counts.</summary>
    FloatHistogram = 3,
}
