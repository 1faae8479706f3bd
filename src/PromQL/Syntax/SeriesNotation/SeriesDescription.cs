using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>One point of a described series: a number, a histogram, or a gap.</summary>
/// <param name="Value">The number, if it is neither a histogram nor a gap.</param>
/// <param name="IsOmitted">Whether there is no sample here.</param>
/// <param name="Histogram">The histogram, null otherwise.</param>
public readonly record struct SequenceValue(double Value, bool IsOmitted = false, FloatHistogram? Histogram = null);

/// <summary>A series as tests write it: labels and the points at successive steps.</summary>
/// <param name="Labels">The labels.</param>
/// <param name="Values">The points.</param>
public sealed record SeriesDescription(Labels Labels, IReadOnlyList<SequenceValue> Values)
{
    /// <summary>A label that the series has twice, which no storage takes; null if there is none. <see cref="Labels"/> has its last value.</summary>
    public string? RepeatedLabel { get; init; }
}
