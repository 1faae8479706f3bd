namespace Narthex.Instrumentation;

/// <summary>Estimates quantiles over the observations of the last ten minutes.</summary>
/// <remarks>
/// The window is a ring of slots of two minutes, as upstream's is. A slot keeps all of its observations up to
/// <see cref="SlotSamplesMax"/>, so that quantiles are exact for everything observed less than four times a second, and beyond
/// that a uniform sample of them, weighted by how many it stands for. Memory is bounded either way.
/// </remarks>
public sealed class Summary : Metric
{
    internal const int SlotSamplesMax = 512;
    internal const int SlotCount = 5;
    internal static readonly TimeSpan SlotWidth = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly double[] _quantiles;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Slot[] _slots = new Slot[SlotCount];
    private long _slotNumber;
    private double _sum;
    private long _count;

    internal Summary(double[] quantiles, TimeProvider time)
    {
        _quantiles = quantiles;
        _time = time;
        _startedAt = time.GetTimestamp();
    }

    /// <summary>The number of observations since the start.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Counts an observation.</summary>
    public void Observe(double value)
    {
        lock (_lock)
        {
            Advance();
            _sum += value;
            _count++;
            _slots[_slotNumber % SlotCount].Add(value);
        }
    }

    internal override void Collect(ReadOnlySpan<string> labelValues, IMetricSink sink)
    {
        double[] values = new double[_quantiles.Length];
        double sum;
        long count;
        lock (_lock)
        {
            Advance();
            sum = _sum;
            count = _count;
            EstimateQuantiles(values);
        }

        sink.Summary(labelValues, new SummaryReading(_quantiles, values, sum, count));
    }

    private void Advance()
    {
        long now = _time.GetElapsedTime(_startedAt).Ticks / SlotWidth.Ticks;
        for (long cleared = Math.Max(_slotNumber, now - SlotCount); cleared < now; cleared++)
        {
            _slots[(cleared + 1) % SlotCount].Clear();
        }

        _slotNumber = Math.Max(_slotNumber, now);
    }

    private void EstimateQuantiles(double[] results)
    {
        int kept = 0;
        double total = 0;
        foreach (Slot slot in _slots)
        {
            kept += slot.Kept;
            total += slot.Seen;
        }

        if (kept == 0)
        {
            Array.Fill(results, double.NaN);
            return;
        }

        double[] values = new double[kept];
        double[] weights = new double[kept];
        int next = 0;
        foreach (Slot slot in _slots)
        {
            for (int i = 0; i < slot.Kept; i++)
            {
                values[next] = slot.Values[i];
                weights[next++] = (double)slot.Seen / slot.Kept;
            }
        }

        Array.Sort(values, weights);
        for (int q = 0; q < results.Length; q++)
        {
            results[q] = ValueAtRank(values, weights, _quantiles[q] * total);
        }
    }

    // The smallest value that at least the asked share of the weight does not exceed.
    private static double ValueAtRank(double[] values, double[] weights, double rank)
    {
        double reached = 0;
        for (int i = 0; i < values.Length; i++)
        {
            reached += weights[i];
            if (reached >= rank - 1e-9)
            {
                return values[i];
            }
        }

        return values[^1];
    }

    private struct Slot
    {
        public double[] Values;
        public int Kept;
        public long Seen;

        public void Add(double value)
        {
            Seen++;
            if (Kept < SlotSamplesMax)
            {
                if (Values is null || Kept == Values.Length)
                {
                    Array.Resize(ref Values, Math.Max(16, Kept * 2));
                }

                Values[Kept++] = value;
            }
            else if (Random.Shared.NextInt64(Seen) is var place && place < SlotSamplesMax)
            {
                Values[place] = value;
            }
        }

        public void Clear()
        {
            Kept = 0;
            Seen = 0;
        }
    }
}
