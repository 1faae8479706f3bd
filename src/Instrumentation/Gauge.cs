namespace Narthex.Instrumentation;

/// <summary>A number that goes up and down.</summary>
public sealed class Gauge : Metric
{
    private double _value;

    internal Gauge()
    {
    }

    /// <summary>The present value.</summary>
    public double Value => Volatile.Read(ref _value);

    /// <summary>Sets the value.</summary>
    public void Set(double value) => Volatile.Write(ref _value, value);

    /// <summary>Adds an amount.</summary>
    public void Increment(double amount = 1) => AtomicAdd(ref _value, amount);

    /// <summary>Subtracts an amount.</summary>
    public void Decrement(double amount = 1) => AtomicAdd(ref _value, -amount);

    internal override void Collect(ReadOnlySpan<string> labelValues, IMetricSink sink) => sink.Value(labelValues, Value);
}
