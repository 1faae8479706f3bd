using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Computes all steps of one series.</summary>
internal delegate void RangeKernel(RangeCall call, RangeInput input, StepBlock output);

/// <summary>A function over ranges.</summary>
/// <param name="Kernel">Its work.</param>
/// <param name="KeepsName">Whether the metric name stays.</param>
internal sealed record RangeFunction(RangeKernel Kernel, bool KeepsName = false);

/// <summary>What a kernel needs to know beside the samples. Made once for a call in a query.</summary>
internal sealed class RangeCall
{
    public required QueryContext Context { get; init; }

    /// <summary>The evaluation times.</summary>
    public required StepGrid Grid { get; init; }

    /// <summary>The ends of the windows.</summary>
    public required ReferenceTimes Times { get; init; }

    public required long RangeMs { get; init; }

    /// <summary>How far beyond the window an extended selector looks.</summary>
    public long LookbackMs { get; init; }

    public SelectorExtension Extension { get; init; }

    /// <summary>The scalar arguments, each with a value for every step.</summary>
    public IReadOnlyList<double[]> Scalars { get; init; } = [];

    /// <summary>Where the whole call stands.</summary>
    public required PositionRange CallPosition { get; init; }

    /// <summary>Where the range argument stands.</summary>
    public required PositionRange RangePosition { get; init; }

    /// <summary>Where the first scalar argument stands.</summary>
    public PositionRange ScalarPosition { get; init; }

    /// <summary>Where the first argument stands, whichever it is.</summary>
    public PositionRange FirstPosition { get; init; }

    // Called often enough that a long kernel ends within milliseconds, seldom enough that it costs nothing.
    public void Tick(int step)
    {
        if ((step & 63) == 0)
        {
            Context.ThrowIfCancelled();
        }
    }

    /// <summary>Whether start timestamps of the samples matter: the engine uses them, and there are some.</summary>
    public bool UsesOrigins(RangeInput input) => input.HasOrigins && Context.Options.UseStartTimestamps;

    public void WarnOverlap(RangeInput input) => Context.Annotations.WarnCounted(
        "sample has start time that overlaps with previous sample timestamp for metric " + GoQuote.Quote(input.Labels.MetricName), RangePosition, CallPosition);

    /// <summary>Warns of what this call met.</summary>
    public void Warn(string text, PositionRange position) => Context.Annotations.Warn(text, position, CallPosition);

    /// <summary>The same for a note.</summary>
    public void Inform(string text, PositionRange position) => Context.Annotations.Inform(text, position, CallPosition);

    public void WarnMixed(RangeInput input) =>
        Warn("encountered a mix of histograms and floats for metric name " + GoQuote.Quote(input.Labels.MetricName), RangePosition);

    public void WarnMixedBuckets(RangeInput input) => Warn(
        "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " + GoQuote.Quote(input.Labels.MetricName), RangePosition);

    public void InformHistogramsIgnored(RangeInput input) => Inform(
        "ignored histograms in a range containing both floats and histograms for metric name " + GoQuote.Quote(input.Labels.MetricName), FirstPosition);
}
