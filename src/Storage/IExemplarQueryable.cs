using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Something that keeps exemplars.</summary>
public interface IExemplarQueryable
{
    /// <summary>The exemplars in the range of all series that one of the selectors matches, in ascending order of the series' labels.</summary>
    /// <param name="range">Both ends included.</param>
    /// <param name="selectors">Sets of conditions; a series has to meet all of one set.</param>
    /// <param name="cancellationToken">Ends the search early.</param>
    IReadOnlyList<SeriesExemplars> SelectExemplars(
        TimeRange range, IReadOnlyList<IReadOnlyList<LabelMatcher>> selectors, CancellationToken cancellationToken);
}

/// <summary>The exemplars of a series.</summary>
/// <param name="SeriesLabels">The series.</param>
/// <param name="Exemplars">At least one, ascending by time.</param>
public sealed record SeriesExemplars(Labels SeriesLabels, IReadOnlyList<Exemplar> Exemplars);
