namespace Narthex.Instrumentation;

/// <summary>Counts observations in buckets by their size.</summary>
public sealed class Histogram : Metric
{
    private readonly double[] _upperBounds;
    private readonly long[] _counts;
    private double _sum;

    internal Histogram(double[] upperBounds)
    {
        _upperBounds = upperBounds;
        _counts = new long[upperBounds.Length + 1];
    }

    /// <summary>The number of observations.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            for (int i = 0; i < _counts.Length; i++)
            {
                count += Volatile.Read(ref _counts[i]);
            }

            return count;
        }
    }

    /// <summary>All observations added up.</summary>
    public double Sum => Volatile.Read(ref _sum);

    /// <summary>Counts an observation. NaN falls into the last bucket.</summary>
    public void Observe(double value)
    {
        int bucket = 0;
        while (bucket < _upperBounds.Length && !(value <= _upperBounds[bucket]))
        {
            bucket++;
        }

        AtomicAdd(ref _sum, value);
        Interlocked.Increment(ref _counts[bucket]);
    }

    internal override void Collect(ReadOnlySpan<string> labelValues, IMetricSink sink)
    {
        Span<long> cumulative = _counts.Length <= 64 ? stackalloc long[_counts.Length] : new long[_counts.Length];
        long count = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            count += Volatile.Read(ref _counts[i]);
            cumulative[i] = count;
        }

        sink.Histogram(labelValues, new HistogramReading(_upperBounds, cumulative, Sum));
    }
}
