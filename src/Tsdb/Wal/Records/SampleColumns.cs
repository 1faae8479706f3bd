namespace Narthex.Tsdb.Wal.Records;

/// <summary>Samples of many series in columns, as a record holds them. Reused from record to record; not thread-safe.</summary>
public sealed class SampleColumns
{
    private ulong[] _refs = new ulong[256];
    private long[] _timestamps = new long[256];
    private double[] _values = new double[256];
    private long[] _startTimestamps = [];

    /// <summary>The number of samples.</summary>
    public int Count { get; private set; }

    /// <summary>The series' references.</summary>
    public ReadOnlySpan<ulong> Refs => _refs.AsSpan(0, Count);

    /// <summary>The times, in milliseconds since the Unix epoch.</summary>
    public ReadOnlySpan<long> Timestamps => _timestamps.AsSpan(0, Count);

    /// <summary>The values.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Count);

    /// <summary>The times at which counting began, 0 where it is not known; empty if it is not known for any sample.</summary>
    public ReadOnlySpan<long> StartTimestamps => HasStartTimestamps ? _startTimestamps.AsSpan(0, Count) : default;

    /// <summary>Whether a sample with a start timestamp was added.</summary>
    public bool HasStartTimestamps { get; private set; }

    /// <summary>Forgets the samples and keeps the memory.</summary>
    public void Clear()
    {
        Count = 0;
        HasStartTimestamps = false;
    }

    /// <summary>Appends a sample.</summary>
    public void Add(ulong reference, long timestampMs, double value)
    {
        if (Count == _refs.Length)
        {
            EnsureRoom(1);
        }

        _refs[Count] = reference;
        _timestamps[Count] = timestampMs;
        _values[Count] = value;
        if (HasStartTimestamps)
        {
            _startTimestamps[Count] = 0;
        }

        Count++;
    }

    /// <summary>Appends a sample with the time at which its counting began; 0 if that is not known.</summary>
    public void Add(ulong reference, long timestampMs, double value, long startTimestampMs)
    {
        Add(reference, timestampMs, value);
        if (startTimestampMs != 0)
        {
            if (!HasStartTimestamps)
            {
                Array.Resize(ref _startTimestamps, _refs.Length);
                _startTimestamps.AsSpan().Clear();
                HasStartTimestamps = true;
            }

            _startTimestamps[Count - 1] = startTimestampMs;
        }
    }

    /// <summary>Drops the samples from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)Count, nameof(count));
        Count = count;
    }

    internal void EnsureRoom(int more)
    {
        if (_refs.Length - Count < more)
        {
            int capacity = Math.Max(checked(Count + more), _refs.Length * 2);
            Array.Resize(ref _refs, capacity);
            Array.Resize(ref _timestamps, capacity);
            Array.Resize(ref _values, capacity);
            if (HasStartTimestamps)
            {
                Array.Resize(ref _startTimestamps, capacity);
            }
        }
    }
}
