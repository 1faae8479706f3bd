namespace Narthex.Model;

/// <summary>A run of consecutive buckets of a native histogram.</summary>
/// <param name="Offset">Gap to the run before it, in buckets; for the first run the index of its first bucket.</param>
/// <param name="Length">Number of buckets in the run.</param>
public readonly record struct HistogramSpan(int Offset, uint Length);

/// <summary>What is known about a counter reset between a histogram and the one before it.</summary>
public enum CounterResetHint : byte
{
    /// <summary>Nothing: it must be looked for.</summary>
    Unknown,

    /// <summary>There was one.</summary>
    CounterReset,

    /// <summary>There was none.</summary>
    NotCounterReset,

    /// <summary>It is a gauge: the question does not arise.</summary>
    Gauge,
}
