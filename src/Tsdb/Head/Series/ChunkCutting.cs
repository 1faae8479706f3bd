namespace Narthex.Tsdb.Head.Series;

/// <summary>When a chunk is full, as upstream decides it, so that both write the same chunks for the same samples.</summary>
internal static class ChunkCutting
{
    /// <summary>The number of samples that chunks aim at, unless it is set otherwise.</summary>
    public const int SamplesTarget = 120;

    /// <summary>A chunk of more bytes takes no further sample: with the longest one it fits into 1 KiB.</summary>
    public const int BytesMax = 1024 - 19;

    /// <summary>A chunk that holds so many has misjudged its end: twice the target.</summary>
    public static int SamplesMax(int target) => (int)Math.Min(target * 2L, ushort.MaxValue);

    /// <summary>After so many samples the end is estimated from their pace.</summary>
    public static int SamplesForEstimate(int target) => target / 4;

    /// <summary>The end of the aligned range that holds the time.</summary>
    public static long RangeEnd(long timestampMs, long rangeMs) => (timestampMs / rangeMs * rangeMs) + rangeMs;

    /// <summary>The end for a chunk that has a quarter of its samples: the rest of the range is divided evenly between chunks of about the target.</summary>
    public static long EstimateEnd(long firstMs, long lastMs, long rangeEndMs)
    {
        double chunks = (rangeEndMs - firstMs) / ((lastMs - firstMs + 1) * 4.0);
        return chunks <= 1 ? rangeEndMs : (long)(firstMs + ((rangeEndMs - firstMs) / Math.Floor(chunks)));
    }
}
