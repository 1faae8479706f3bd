namespace Narthex.Instrumentation;

/// <summary>A number that only goes up.</summary>
public sealed class Counter : Metric
{
    // Whole steps and the rest apart: the usual step of one is a single locked instruction.
    private long _whole;
    private double _rest;

    internal Counter()
    {
    }

    /// <summary>The present value.</summary>
    public double Value => Volatile.Read(ref _rest) + Volatile.Read(ref _whole);

    /// <summary>Adds one.</summary>
    public void Increment() => Interlocked.Increment(ref _whole);

    /// <summary>Adds an amount, which must not be negative.</summary>
    public void Increment(double amount)
    {
        if (!(amount >= 0))
        {
            throw new ArgumentOutOfRangeException(nameof(amount), amount, "A counter cannot go down.");
        }

        if (amount <= int.MaxValue && amount == (int)amount)
        {
            Interlocked.Add(ref _whole, (int)amount);
        }
        else
        {
            AtomicAdd(ref _rest, amount);
        }
    }

    internal override void Collect(ReadOnlySpan<string> labelValues, IMetricSink sink) => sink.Value(labelValues, Value);
}
