using Narthex.Model;

namespace Narthex.PromQL.Execution;

/// <summary>What is known of an operator's series before its samples are read.</summary>
/// <param name="Labels">The label set.</param>
/// <param name="DropName">With delayed name removal: the name (and type and unit) go away at the end of the query.</param>
internal readonly record struct SeriesLabels(Labels Labels, bool DropName = false);

/// <summary>A node of the physical plan. Produces whole series, one at a time.</summary>
/// <remarks>
/// Call <see cref="GetSeries"/> exactly once, then <see cref="TryReadNext"/> until it returns false: both use the same order.
/// A series may turn out to have no sample. The block belongs to the caller and is overwritten as a whole.
/// Dispose is safe at any time, and twice.
/// </remarks>
internal interface ISeriesOperator : IDisposable
{
    /// <summary>The label sets of all series that will follow.</summary>
    IReadOnlyList<SeriesLabels> GetSeries();

    /// <summary>Reads the samples of the next series. False when all have been read.</summary>
    bool TryReadNext(StepBlock block);
}

/// <summary>Produces a range of raw samples for each series and step: what range functions look at.</summary>
/// <remarks>The contract is that of <see cref="ISeriesOperator"/>.</remarks>
internal interface IRangeOperator : IDisposable
{
    /// <summary>The ends of the windows, one for each step.</summary>
    ReferenceTimes Times { get; }

    /// <summary>The width of the windows.</summary>
    long RangeMs { get; }

    /// <inheritdoc cref="ISeriesOperator.GetSeries"/>
    IReadOnlyList<SeriesLabels> GetSeries();

    /// <summary>Reads the samples of the next series and lays the windows over them.</summary>
    bool TryReadNext(RangeInput input);
}
