namespace Narthex.Instrumentation;

/// <summary>Receives the present state of all metrics of a registry: implemented by the writers of exposition formats.</summary>
/// <remarks>
/// A family is announced first; its metrics follow, ordered by their label values, until the next family. Spans are valid
/// during the call only.
/// </remarks>
public interface IMetricSink
{
    /// <summary>Announces the family that the following metrics belong to.</summary>
    void BeginFamily(FamilyDescription family);

    /// <summary>A counter or a gauge.</summary>
    void Value(ReadOnlySpan<string> labelValues, double value);

    /// <summary>A histogram.</summary>
    void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading);

    /// <summary>A summary.</summary>
    void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading);
}

/// <summary>The kinds of instruments.</summary>
public enum InstrumentKind : byte
{
    /// <summary>Only goes up.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>Counts observations by size.</summary>
    Histogram,

    /// <summary>Estimates quantiles of recent observations.</summary>
    Summary,
}

/// <summary>What all metrics of one name have in common.</summary>
/// <param name="Name">The metric name.</param>
/// <param name="Help">What it means.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="LabelNames">The names of the labels, in the order of the label values.</param>
public sealed record FamilyDescription(string Name, string Help, InstrumentKind Kind, string[] LabelNames);

/// <summary>A histogram at one moment.</summary>
public readonly ref struct HistogramReading(
    ReadOnlySpan<double> upperBounds, ReadOnlySpan<long> cumulativeCounts, double sum)
{
    /// <summary>The upper bounds of the buckets, ascending, without the last one at infinity.</summary>
    public ReadOnlySpan<double> UpperBounds { get; } = upperBounds;

    /// <summary>Observations up to each bound; one more than bounds, the last one counts all.</summary>
    public ReadOnlySpan<long> CumulativeCounts { get; } = cumulativeCounts;

    /// <summary>All observations added up.</summary>
    public double Sum { get; } = sum;

    /// <summary>The number of observations.</summary>
    public long Count => CumulativeCounts[^1];
}

/// <summary>A summary at one moment.</summary>
public readonly ref struct SummaryReading(ReadOnlySpan<double> quantiles, ReadOnlySpan<double> values, double sum, long count)
{
    /// <summary>The quantiles asked for, from 0 to 1.</summary>
    public ReadOnlySpan<double> Quantiles { get; } = quantiles;

    /// <summary>Their values among the recent observations; NaN if there were none.</summary>
    public ReadOnlySpan<double> Values { get; } = values;

    /// <summary>All observations since the start added up.</summary>
    public double Sum { get; } = sum;

    /// <summary>The number of observations since the start.</summary>
    public long Count { get; } = count;
}
