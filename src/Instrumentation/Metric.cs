namespace Narthex.Instrumentation;

/// <summary>One time series' worth of instrument (histograms and summaries: a few). Thread-safe.</summary>
public abstract class Metric
{
    private protected Metric()
    {
    }

    internal abstract void Collect(ReadOnlySpan<string> labelValues, IMetricSink sink);

    /// <summary>Adds to a double that other threads add to as well.</summary>
    private protected static void AtomicAdd(ref double location, double amount)
    {
        double current = Volatile.Read(ref location);
        while (true)
        {
            double seen = Interlocked.CompareExchange(ref location, current + amount, current);
            // Compared by bits: a NaN would never equal itself, and the loop never end.
            if (BitConverter.DoubleToInt64Bits(seen) == BitConverter.DoubleToInt64Bits(current))
            {
                return;
            }

            current = seen;
        }
    }
}
