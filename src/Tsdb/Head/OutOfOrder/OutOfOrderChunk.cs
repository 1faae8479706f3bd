using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>A full chunk of samples that came out of order: encoded floats, or histograms. Immutable.</summary>
internal sealed class OutOfOrderChunk
{
    private readonly byte[] _floats = [];
    private readonly int _floatCount;
    private readonly (long TimestampMs, FloatHistogram Histogram)[] _histograms = [];

    /// <summary>Encodes floats, ascending by time.</summary>
    public OutOfOrderChunk(ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values)
    {
        Span<byte> room = stackalloc byte[XorEncoder.HeaderBytes + (OutOfOrderVersion.SamplesMax * XorEncoder.BytesPerSampleMax)];
        XorAppenderState state = default;
        for (int i = 0; i < timestamps.Length; i++)
        {
            if (!XorEncoder.TryAppend(ref state, room, timestamps[i], values[i]))
            {
                throw new System.Diagnostics.UnreachableException("There is room for the longest samples.");
            }
        }

        Range = new TimeRange(timestamps[0], timestamps[^1]);
        _floats = room[..state.ByteCount].ToArray();
        _floatCount = state.Count;
    }

    /// <summary>Takes histograms, ascending by time.</summary>
    public OutOfOrderChunk((long TimestampMs, FloatHistogram Histogram)[] histograms)
    {
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
            XorDecoder.Append(_floats, _floatCount, range, samples);
        }

        foreach ((long timestampMs, FloatHistogram histogram) in _histograms)
        {
            if (range.Contains(timestampMs))
            {
                samples.Append(timestampMs, histogram);
            }
        }
    }
}
