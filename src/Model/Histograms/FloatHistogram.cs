namespace Narthex.Model;

/// <summary>A native histogram with floating point counts: what PromQL computes with.</summary>
/// <remarks>
/// Buckets are absolute counts, in the order of the spans. Exponential schemas run from -4 to 8 (bucket i ends at
/// 2^(i*2^-schema)); schema -53 has custom bounds in <see cref="CustomValues"/>. Mutable while its owner builds it,
/// not to be changed once handed on.
/// </remarks>
public sealed partial class FloatHistogram
{
    /// <summary>The schema of histograms with custom bucket bounds.</summary>
    public const int CustomBucketsSchema = -53;

    /// <summary>What is known about a counter reset before it.</summary>
    public CounterResetHint CounterResetHint { get; set; }

    /// <summary>The resolution, or <see cref="CustomBucketsSchema"/>.</summary>
    public int Schema { get; set; }

    /// <summary>Half the width of the zero bucket.</summary>
    public double ZeroThreshold { get; set; }

    /// <summary>Observations in the zero bucket.</summary>
    public double ZeroCount { get; set; }

    /// <summary>All observations.</summary>
    public double Count { get; set; }

    /// <summary>Sum of the observed values. The staleness marker here marks the whole histogram as stale.</summary>
    public double Sum { get; set; }

    /// <summary>Where the positive buckets lie.</summary>
    public HistogramSpan[] PositiveSpans { get; set; } = [];

    /// <summary>Where the negative buckets lie.</summary>
    public HistogramSpan[] NegativeSpans { get; set; } = [];

    /// <summary>Counts of the positive buckets.</summary>
    public double[] PositiveBuckets { get; set; } = [];

    /// <summary>Counts of the negative buckets.</summary>
    public double[] NegativeBuckets { get; set; } = [];

    /// <summary>Upper bounds of the custom buckets, ascending, without the last one at infinity.</summary>
    public double[] CustomValues { get; set; } = [];

    /// <summary>Whether it has custom bucket bounds.</summary>
    public bool UsesCustomBuckets => Schema == CustomBucketsSchema;

    /// <summary>Whether it is a staleness marker.</summary>
    public bool IsStale => StaleNaN.IsStale(Sum);
}
