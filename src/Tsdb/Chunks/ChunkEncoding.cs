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

    /// <summary>Floats that may have start timestamps: denser than <see cref="Xor"/> where values stay or go stale.</summary>
    Xor2 = 4,

    /// <summary>Native histograms with integer counts that may have start timestamps.</summary>
    HistogramWithStarts = 5,

    /// <summary>Native histograms with float counts that may have start timestamps.</summary>
    FloatHistogramWithStarts = 6,
}

/// <summary>What can be said of an encoding.</summary>
public static class ChunkEncodings
{
    /// <summary>Whether it is one of floats.</summary>
    public static bool IsFloat(ChunkEncoding encoding) => encoding is ChunkEncoding.Xor or ChunkEncoding.Xor2;

    /// <summary>Whether it is one of native histograms.</summary>
    public static bool IsHistogram(ChunkEncoding encoding) =>
        encoding is ChunkEncoding.Histogram or ChunkEncoding.FloatHistogram or ChunkEncoding.HistogramWithStarts or ChunkEncoding.FloatHistogramWithStarts;

    /// <summary>The number of samples that the header of a chunk promises; 0 if there is no header.</summary>
    public static int CountSamples(ChunkEncoding encoding, ReadOnlySpan<byte> chunk)
    {
        int count = XorDecoder.CountSamples(chunk);

        // Two bits of the count say whether there was a counter reset.
        return encoding is ChunkEncoding.HistogramWithStarts or ChunkEncoding.FloatHistogramWithStarts ? count & 0x3FFF : count;
    }
}
