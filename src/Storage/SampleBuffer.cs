using System.Buffers;
using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Samples of one series in columns, ascending by time. Reused from series to series; not thread-safe.</summary>
/// <remarks>
/// Timestamps, values and start timestamps are parallel. A native histogram stands in the histogram lane at the
/// same index (and its value column holds its sum); the lane does not exist while all samples are floats.
/// The arrays come from the shared pool and go back with <see cref="Dispose"/>.
/// </remarks>
public sealed class SampleBuffer : IDisposable
{
    private long[] _timestamps = [];
    private double[] _values = [];
    private FloatHistogram?[] _histograms = [];

    /// <summary>The number of samples.</summary>
    public int Count { get; private set; }

    /// <summary>Whether any sample is a native histogram.</summary>
    public bool HasHistograms { get; private set; }

    /// <summary>The times, in milliseconds since the Unix epoch. Valid until the buffer changes.</summary>
    public ReadOnlySpan<long> Timestamps => _timestamps.AsSpan(0, Count);

    /// <summary>The values. Valid until the buffer changes.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Count);

    /// <summary>The histogram lane: null where the sample is a float. Empty unless <see cref="HasHistograms"/>.</summary>
    public ReadOnlySpan<FloatHistogram?> Histograms => HasHistograms ? _histograms.AsSpan(0, Count) : default;

    /// <summary>Forgets the samples and keeps the memory.</summary>
    public void Clear()
    {
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

            return;
        }

        Reserve(count, out Span<long> timestamps, out Span<double> values);
        other.Timestamps.Slice(start, count).CopyTo(timestamps);
        other.Values.Slice(start, count).CopyTo(values);
        Advance(count);
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
    }
}
