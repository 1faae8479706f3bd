using System.Collections.Concurrent;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head.Series;

/// <summary>The native histograms of the head, beside the float chunks: a list of samples per series that has any.</summary>
/// <remarks>One writer per series at a time. Readers lock the list for as long as a copy takes.</remarks>
internal sealed class HistogramStore
{
    private readonly ConcurrentDictionary<uint, Samples> _series = new();

    /// <summary>The number of series with histograms.</summary>
    public int SeriesCount => _series.Count;

    /// <summary>The newest histogram of a series. False if it has none.</summary>
    public bool TryGetNewest(uint series, out long timestampMs, out FloatHistogram? histogram)
    {
        timestampMs = long.MinValue;
        histogram = null;
        if (!_series.TryGetValue(series, out Samples? samples))
        {
            return false;
        }

        lock (samples.Gate)
        {
            if (samples.List.Count == 0)
            {
                return false;
            }

            (timestampMs, histogram) = samples.List[^1];
            return true;
        }
    }

    /// <summary>Adds a histogram that is newer than the last sample of its series.</summary>
    public void Append(uint series, long timestampMs, FloatHistogram histogram)
    {
        Samples samples = _series.GetOrAdd(series, static _ => new Samples());
        lock (samples.Gate)
        {
            samples.List.Add((timestampMs, histogram));
        }
    }

    /// <summary>Drops the histograms before a time. False if the series has none left. For the one writer of the series.</summary>
    public bool DropBefore(uint series, long minMs)
    {
        if (!_series.TryGetValue(series, out Samples? samples))
        {
            return false;
        }

        lock (samples.Gate)
        {
            int count = 0;
            while (count < samples.List.Count && samples.List[count].TimestampMs < minMs)
            {
                count++;
            }

            samples.List.RemoveRange(0, count);
            if (samples.List.Count > 0)
            {
                samples.List.TrimExcess();
                return true;
            }
        }

        _series.TryRemove(series, out _);
        return false;
    }

    /// <summary>The first time, if there is one.</summary>
    public long GetOldest(uint series)
    {
        if (!_series.TryGetValue(series, out Samples? samples))
        {
            return long.MaxValue;
        }

        lock (samples.Gate)
        {
            return samples.List.Count == 0 ? long.MaxValue : samples.List[0].TimestampMs;
        }
    }

    /// <summary>Appends the histograms within the range, merged with the float samples that stand in <paramref name="buffer"/> from <paramref name="floatsFrom"/> on.</summary>
    public void MergeInto(uint series, TimeRange range, SampleBuffer buffer, int floatsFrom)
    {
        if (!_series.TryGetValue(series, out Samples? samples))
        {
            return;
        }

        long[] timestamps = buffer.Timestamps[floatsFrom..].ToArray();
        double[] values = buffer.Values[floatsFrom..].ToArray();
        buffer.Truncate(floatsFrom);
        int next = 0;
        lock (samples.Gate)
        {
            foreach ((long timestampMs, FloatHistogram histogram) in samples.List)
            {
                if (range.Contains(timestampMs))
                {
                    for (; next < timestamps.Length && timestamps[next] < timestampMs; next++)
                    {
                        buffer.Append(timestamps[next], values[next]);
                    }

                    buffer.Append(timestampMs, histogram);
                }
            }
        }

        for (; next < timestamps.Length; next++)
        {
            buffer.Append(timestamps[next], values[next]);
        }
    }

    /// <summary>Whether two histograms are the same sample, bit for bit.</summary>
    public static bool AreSame(FloatHistogram left, FloatHistogram right) =>
        left.Schema == right.Schema
        && SameBits(left.ZeroThreshold, right.ZeroThreshold)
        && SameBits(left.ZeroCount, right.ZeroCount)
        && SameBits(left.Count, right.Count)
        && SameBits(left.Sum, right.Sum)
        && left.PositiveSpans.AsSpan().SequenceEqual(right.PositiveSpans)
        && left.NegativeSpans.AsSpan().SequenceEqual(right.NegativeSpans)
        && SameBits(left.PositiveBuckets, right.PositiveBuckets)
        && SameBits(left.NegativeBuckets, right.NegativeBuckets)
        && SameBits(left.CustomValues, right.CustomValues);

    private static bool SameBits(double left, double right) => BitConverter.DoubleToUInt64Bits(left) == BitConverter.DoubleToUInt64Bits(right);

    private static bool SameBits(double[] left, double[] right) =>
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(left.AsSpan()).SequenceEqual(System.Runtime.InteropServices.MemoryMarshal.AsBytes(right.AsSpan()));

    private sealed class Samples
    {
        public readonly Lock Gate = new();
        public readonly List<(long TimestampMs, FloatHistogram Histogram)> List = [];
    }
}
