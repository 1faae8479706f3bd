using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Chunks;

/// <summary>Decodes chunks of any encoding. Safe on any bytes.</summary>
public static class ChunkDecoder
{
    /// <summary>Appends the samples inside <paramref name="range"/> to <paramref name="samples"/>.</summary>
    /// <exception cref="ChunkCorruptionException">The chunk is damaged or of an unknown encoding; the buffer is as it was.</exception>
    public static void Append(ChunkEncoding encoding, ReadOnlySpan<byte> chunk, TimeRange range, SampleBuffer samples)
    {
        switch (encoding)
        {
            case ChunkEncoding.Xor:
            case ChunkEncoding.Xor2:
                AppendFloats(encoding, chunk, XorDecoder.CountSamples(chunk), range, samples);
                break;
            case ChunkEncoding.Histogram:
                HistogramDecoder.Append(chunk, floats: false, hasStarts: false, range, samples);
                break;
            case ChunkEncoding.FloatHistogram:
                HistogramDecoder.Append(chunk, floats: true, hasStarts: false, range, samples);
                break;
            case ChunkEncoding.HistogramWithStarts:
                HistogramDecoder.Append(chunk, floats: false, hasStarts: true, range, samples);
                break;
            case ChunkEncoding.FloatHistogramWithStarts:
                HistogramDecoder.Append(chunk, floats: true, hasStarts: true, range, samples);
                break;
            default:
                throw new ChunkCorruptionException($"invalid chunk encoding {(byte)encoding}");
        }
    }

    /// <summary>Appends those of the first <paramref name="count"/> samples of a chunk of floats that are inside the range.</summary>
    internal static void AppendFloats(ChunkEncoding encoding, ReadOnlySpan<byte> chunk, int count, TimeRange range, SampleBuffer samples)
    {
        if (encoding == ChunkEncoding.Xor2)
        {
            Xor2Decoder.Append(chunk, count, range, samples);
        }
        else
        {
            XorDecoder.Append(chunk, count, range, samples);
        }
    }
}
