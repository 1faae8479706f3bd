using System.Buffers;
using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Samples of one series in columns, ascending by time. Reused from series to series; not thread-safe.</summary>
/// <remarks>
/// Timestamps, values and start timestamps are parallel. A native histogram stands in the histogram lane at the
/// same index (and its value column holds its sum); the lane does not exist while all samples are floats.
/// Start timestamps have a lane as well, which exists only once one is known: 0 in it means unknown.
/// The arrays come from the shared pool and go back with <see cref="Dispose"/>.
/// </remarks>
public sealed class SampleBuffer : IDisposable
{
    private long[] _timestamps = [];
    private double[] _values = [];
    private FloatHistogram?[] _histograms = [];

    // All zero behind the last sample, so that samples without a start need not write one.
    private long[] _starts = [];

    /// <summary>The number of samples.</summary>
    public int Count { get; private set; }

    /// <summary>Whether any sample is a native histogram.</summary>
    public bool HasHistograms { get; private set; }

    /// <summary>Whether the start timestamp of any sample is known.</summary>
    public bool HasStartTimestamps { get; private set; }

    /// <summary>The times, in milliseconds since the Unix epoch. Valid until the buffer changes.</summary>
    public ReadOnlySpan<long> Timestamps => _timestamps.AsSpan(0, Count);

    /// <summary>The values. Valid until the buffer changes.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Count);

    /// <summary>The histogram lane: null where the sample is a float. Empty unless <see cref="HasHistograms"/>.</summary>
    public ReadOnlySpan<FloatHistogram?> Histograms => HasHistograms ? _histograms.AsSpan(0, Count) : default;

    /// <summary>
    /// The lane of start timestamps, in milliseconds since the Unix epoch: since when the sample's value has been counting; 0 where it is not known.
    /// Empty unless <see cref="HasStartTimestamps"/>.
    /// </summary>
    public ReadOnlySpan<long> StartTimestamps => HasStartTimestamps ? _starts.AsSpan(0, Count) : default;

    /// <summary>Forgets the samples and keeps the memory.</summary>
    public void Clear()
    {
        if (HasStartTimestamps)
        {
            Array.Clear(_starts, 0, Count);
            HasStartTimestamps = false;
        }

        if (HasHistograms)
        {
            Array.Clear(_histograms, 0, Count);
            HasHistograms = false;
        }

        Count = 0;
    }

    /// <summary>Appends a float sample.</summary>
    public void Append(long timestampMs, double value)
    {
        if (Count == _timestamps.Length)
        {
            Grow(Count + 1);
        }

        _timestamps[Count] = timestampMs;
        _values[Count] = value;
        Count++;
    }

    /// <summary>Appends a native histogram, which the buffer then shares.</summary>
    public void Append(long timestampMs, FloatHistogram histogram)
    {
        Append(timestampMs, histogram.Sum);
        if (_histograms.Length < _timestamps.Length)
        {
            Array.Resize(ref _histograms, _timestamps.Length);
        }

        HasHistograms = true;
        _histograms[Count - 1] = histogram;
    }

    /// <summary>Puts another histogram in the place of one.</summary>
    public void Replace(int index, FloatHistogram histogram)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
        _histograms[index] = histogram;
        _values[index] = histogram.Sum;
    }

    /// <summary>Notes the start timestamp of the sample appended last; 0: unknown.</summary>
    public void SetStartTimestamp(long startTimestampMs)
    {
        ArgumentOutOfRangeException.ThrowIfZero(Count);
        if (startTimestampMs != 0 || HasStartTimestamps)
        {
            EnsureStarts();
            _starts[Count - 1] = startTimestampMs;
        }
    }

    /// <summary>
    /// The start timestamps of the last <paramref name="count"/> samples, to be written directly: for decoders that have read a whole run of
    /// samples. They are 0 (unknown) until written. Valid until the buffer changes.
    /// </summary>
    public Span<long> WriteStartTimestamps(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        EnsureStarts();
        return _starts.AsSpan(Count - count, count);
    }

    /// <summary>
    /// Room for <paramref name="count"/> float samples behind the present ones, to be decoded into directly;
    /// <see cref="Advance"/> then says how many were written.
    /// </summary>
    public void Reserve(int count, out Span<long> timestamps, out Span<double> values)
    {
        if (_timestamps.Length - Count < count)
        {
            Grow(Count + count);
        }

        timestamps = _timestamps.AsSpan(Count, count);
        values = _values.AsSpan(Count, count);
    }

    /// <summary>Counts <paramref name="count"/> samples that were written into reserved room.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _timestamps.Length - Count);
        Count += count;
    }

    /// <summary>Drops the samples from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Count);
        if (HasHistograms)
        {
            Array.Clear(_histograms, count, Count - count);
        }

        if (HasStartTimestamps)
        {
            Array.Clear(_starts, count, Count - count);
        }

        Count = count;
    }

    /// <summary>Removes <paramref name="count"/> samples from <paramref name="start"/> on; later ones move up.</summary>
    public void RemoveRange(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int from = start + count;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, Count, nameof(count));
        _timestamps.AsSpan(from, Count - from).CopyTo(_timestamps.AsSpan(start));
        _values.AsSpan(from, Count - from).CopyTo(_values.AsSpan(start));
        if (HasHistograms)
        {
            _histograms.AsSpan(from, Count - from).CopyTo(_histograms.AsSpan(start));
        }

        if (HasStartTimestamps)
        {
            _starts.AsSpan(from, Count - from).CopyTo(_starts.AsSpan(start));
        }

        Truncate(Count - count);
    }

    /// <summary>Appends <paramref name="count"/> samples of another buffer, from <paramref name="start"/> on.</summary>
    public void Append(SampleBuffer other, int start, int count)
    {
        if (other.HasHistograms)
        {
            for (int i = start; i < start + count; i++)
            {
                if (other._histograms[i] is { } histogram)
                {
                    Append(other._timestamps[i], histogram);
                }
                else
                {
                    Append(other._timestamps[i], other._values[i]);
                }
            }
        }
        else
        {
            Reserve(count, out Span<long> timestamps, out Span<double> values);
            other.Timestamps.Slice(start, count).CopyTo(timestamps);
            other.Values.Slice(start, count).CopyTo(values);
            Advance(count);
        }

        if (other.HasStartTimestamps)
        {
            other.StartTimestamps.Slice(start, count).CopyTo(WriteStartTimestamps(count));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        if (_timestamps.Length > 0)
        {
            ArrayPool<long>.Shared.Return(_timestamps);
            ArrayPool<double>.Shared.Return(_values);
        }

        _timestamps = [];
        _values = [];
        _histograms = [];
        _starts = [];
    }

    private void EnsureStarts()
    {
        if (_starts.Length < _timestamps.Length)
        {
            Array.Resize(ref _starts, _timestamps.Length);
        }

        HasStartTimestamps = true;
    }

    private void Grow(int needed)
    {
        int capacity = Math.Max(needed, Math.Max(128, Count * 2));
        long[] timestamps = ArrayPool<long>.Shared.Rent(capacity);
        double[] values = ArrayPool<double>.Shared.Rent(timestamps.Length);
        if (values.Length < timestamps.Length)
        {
            ArrayPool<double>.Shared.Return(values);
            values = new double[timestamps.Length];
        }

        _timestamps.AsSpan(0, Count).CopyTo(timestamps);
        _values.AsSpan(0, Count).CopyTo(values);
        if (_timestamps.Length > 0)
        {
            ArrayPool<long>.Shared.Return(_timestamps);
            ArrayPool<double>.Shared.Return(_values);
        }

        _timestamps = timestamps;
        _values = values;
        if (HasHistograms)
        {
            Array.Resize(ref _histograms, _timestamps.Length);
        }

        if (HasStartTimestamps)
        {
            Array.Resize(ref _starts, _timestamps.Length);
        }
    }
}
