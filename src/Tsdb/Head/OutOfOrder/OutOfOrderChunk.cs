using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>A full chunk of samples that came out of order: encoded floats, or histograms. Immutable.</summary>
internal sealed class OutOfOrderChunk
{
    private readonly byte[] _floats = [];
    private readonly ChunkEncoding _encoding = ChunkEncoding.Xor;
    private readonly int _floatCount;
    private readonly (long TimestampMs, FloatHistogram Histogram)[] _histograms = [];

    // Of histograms; empty if there are none.
    private readonly long[] _starts = [];

    /// <summary>Encodes floats, ascending by time. There may be no start timestamps.</summary>
    public OutOfOrderChunk(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values, ReadOnlySpan<long> starts)
    {
        Span<byte> room = stackalloc byte[FloatChunk.BytesMax(OutOfOrderVersion.SamplesMax)];
        _encoding = starts.ContainsAnyExcept(0) ? ChunkEncoding.Xor2 : ChunkEncoding.Xor;
        int length = _encoding == ChunkEncoding.Xor2
            ? FloatChunk.EncodeXor2(timestamps, values, starts, room)
            : FloatChunk.EncodeXor(timestamps, values, room);
        Range = new TimeRange(timestamps[0], timestamps[^1]);
        _floats = room[..length].ToArray();
        _floatCount = timestamps.Length;
    }

    /// <summary>Takes histograms, ascending by time. There may be no start timestamps.</summary>
    public OutOfOrderChunk((long TimestampMs, FloatHistogram Histogram)[] histograms, ReadOnlySpan<long> starts)
    {
        _starts = starts.ToArray();
        Range = new TimeRange(histograms[0].TimestampMs, histograms[^1].TimestampMs);
        _histograms = histograms;
    }

    /// <summary>The first and the last time.</summary>
    public TimeRange Range { get; }

    /// <summary>Appends the samples within a range.</summary>
    public void Read(TimeRange range, SampleBuffer samples)
    {
        if (!Range.Overlaps(range))
        {
            return;
        }

        if (_floatCount > 0)
        {
            ChunkDecoder.AppendFloats(_encoding, _floats, _floatCount, range, samples);
        }

        for (int i = 0; i < _histograms.Length; i++)
        {
            (long timestampMs, FloatHistogram histogram) = _histograms[i];
            if (range.Contains(timestampMs))
            {
                samples.Append(timestampMs, histogram);
                samples.SetStartTimestamp(_starts.Length > 0 ? _starts[i] : 0);
            }
        }
    }
}
