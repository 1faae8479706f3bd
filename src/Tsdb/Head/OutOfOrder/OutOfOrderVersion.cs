using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Tsdb.Head.OutOfOrder;

/// <summary>The samples of one series that came out of order, as they were from one commit on: full chunks, and one that is sorted as it fills.</summary>
internal sealed class OutOfOrderVersion(long commit)
{
    /// <summary>The samples of a chunk: upstream's default.</summary>
    public const int SamplesMax = 32;

    private const int SamplesFirst = 4;

    private long[] _timestamps = [];
    private double[] _values = [];
    private FloatHistogram?[]? _histograms;
    private long[]? _starts;
    private int _count;
    private OutOfOrderVersion? _previous;

    /// <summary>The commit that made it.</summary>
    public long Commit { get; } = commit;

    /// <summary>The full chunks in the order in which they became full; they may overlap. The array does not change.</summary>
    public OutOfOrderChunk[] Closed { get; private set; } = [];

    /// <summary>What views that are older than <see cref="Commit"/> see; null if there is none.</summary>
    public OutOfOrderVersion? Previous
    {
        get => Volatile.Read(ref _previous);
        set => Volatile.Write(ref _previous, value);
    }

    /// <summary>Whether it has no samples.</summary>
    public bool IsEmpty => _count == 0 && Closed.Length == 0;

    /// <summary>From the first to the last sample; null if there is none.</summary>
    public TimeRange? Bounds
    {
        get
        {
            if (IsEmpty)
            {
                return null;
            }

            long min = _count > 0 ? _timestamps[0] : long.MaxValue;
            long max = _count > 0 ? _timestamps[_count - 1] : long.MinValue;
            foreach (OutOfOrderChunk chunk in Closed)
            {
                min = Math.Min(min, chunk.Range.MinMs);
                max = Math.Max(max, chunk.Range.MaxMs);
            }

            return new TimeRange(min, max);
        }
    }

    /// <summary>A copy that can be changed, while this one stays for the views that see it.</summary>
    public OutOfOrderVersion CopyFor(long commit) => new(commit)
    {
        _timestamps = [.. _timestamps],
        _values = [.. _values],
        _histograms = _histograms?.ToArray(),
        _starts = _starts?.ToArray(),
        _count = _count,
        Closed = Closed,
        Previous = this,
    };

    /// <summary>The samples that the open chunk still takes.</summary>
    public int Room => SamplesMax - _count;

    /// <summary>Whether the open chunk has so many samples, the first and the last of them at these times.</summary>
    public bool HasOpen(int count, TimeRange range) => count == _count && count > 0 && range == new TimeRange(_timestamps[0], _timestamps[_count - 1]);

    /// <summary>Whether a sample of this time would not be stored: the open chunk has one. Upstream does not look further back either.</summary>
    public bool Repeats(long timestampMs) => _count < SamplesMax && _timestamps.AsSpan(0, _count).BinarySearch(timestampMs) >= 0;

    /// <summary>Inserts a sample. False if the open chunk has one of this time already, which stays.</summary>
    public bool Insert(long timestampMs, double value, FloatHistogram? histogram, long startMs)
    {
        if (_count == SamplesMax)
        {
            Close();
        }

        int at = _timestamps.AsSpan(0, _count).BinarySearch(timestampMs);
        if (at >= 0)
        {
            return false;
        }

        at = ~at;
        if (_count == _timestamps.Length)
        {
            int capacity = _count == 0 ? SamplesFirst : _count * 2;
            Array.Resize(ref _timestamps, capacity);
            Array.Resize(ref _values, capacity);
        }

        InsertAt(_timestamps, at, timestampMs);
        InsertAt(_values, at, value);
        if (histogram is not null || _histograms is not null)
        {
            Array.Resize(ref _histograms, _timestamps.Length);
            InsertAt(_histograms!, at, histogram);
        }

        if (startMs != 0 || _starts is not null)
        {
            Array.Resize(ref _starts, _timestamps.Length);
            InsertAt(_starts, at, startMs);
        }

        _count++;
        return true;
    }

    /// <summary>Makes chunks of the open samples.</summary>
    public void Close()
    {
        if (_count > 0)
        {
            var closed = new List<OutOfOrderChunk>();
            EncodeOpen(closed);
            Close(closed);
        }
    }

    /// <summary>Appends what <see cref="Close()"/> would make to a list: one chunk for each run of the same kind, as floats and histograms share none.</summary>
    public void EncodeOpen(List<OutOfOrderChunk> chunks)
    {
        using var samples = new SampleBuffer();
        for (int i = 0; i < _count; i++)
        {
            AppendOpen(i, samples);
        }

        OutOfOrderChunk.Encode(samples, chunks);
    }

    /// <summary>Ends the open chunk: its samples are in these.</summary>
    public void Close(List<OutOfOrderChunk> chunks)
    {
        Closed = [.. Closed, .. chunks];
        _count = 0;
        _histograms = null;
        _starts = null;
        _timestamps = [];
        _values = [];
    }

    /// <summary>Forgets the first <paramref name="count"/> full chunks.</summary>
    public void DropClosed(int count) => Closed = Closed[count..];

    /// <summary>Appends the samples within a range, in no order.</summary>
    public void Read(TimeRange range, SampleBuffer samples)
    {
        foreach (OutOfOrderChunk chunk in Closed)
        {
            chunk.Read(range, samples);
        }

        for (int i = 0; i < _count; i++)
        {
            if (range.Contains(_timestamps[i]))
            {
                AppendOpen(i, samples);
            }
        }
    }

    private void AppendOpen(int index, SampleBuffer samples)
    {
        if (_histograms?[index] is { } histogram)
        {
            samples.Append(_timestamps[index], histogram);
        }
        else
        {
            samples.Append(_timestamps[index], _values[index]);
        }

        samples.SetStartTimestamp(_starts?[index] ?? 0);
    }

    private void InsertAt<T>(T[] items, int at, T item)
    {
        Array.Copy(items, at, items, at + 1, _count - at);
        items[at] = item;
    }
}
