using Narthex.Model;

namespace Narthex.Storage;

/// <summary>Several queriers as one, which owns them.</summary>
/// <remarks>
/// A series that several have is one series; its samples come together by time, and at the same instant those of the
/// earlier querier win. Where queriers follow each other in time, samples are only appended.
/// </remarks>
public sealed class MergedQuerier : IQuerier
{
    private readonly IReadOnlyList<IQuerier> _queriers;

    private MergedQuerier(IReadOnlyList<IQuerier> queriers) => _queriers = queriers;

    /// <summary>Merges queriers: none, one (which is returned as it is) or several, in the order of their times.</summary>
    public static IQuerier Over(IReadOnlyList<IQuerier> queriers) => queriers.Count == 1 ? queriers[0] : new MergedQuerier(queriers);

    /// <inheritdoc/>
    public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken)
    {
        var selections = new List<ISeriesSelection>(_queriers.Count);
        try
        {
            foreach (IQuerier querier in _queriers)
            {
                ISeriesSelection selection = querier.Select(hints, matchers, cancellationToken);
                selections.Add(selection);
                if (selection.Count == 0 && selection.Warnings.Count == 0)
                {
                    selections.RemoveAt(selections.Count - 1);
                    selection.Dispose();
                }
            }

            return selections.Count == 1 ? selections[0] : MergedSelection.Merge(selections, hints.Sorted, cancellationToken);
        }
        catch
        {
            selections.ForEach(selection => selection.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
        Merge(querier => querier.GetLabelNames(matchers, limit, cancellationToken), limit);

    /// <inheritdoc/>
    public LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken) =>
        Merge(querier => querier.GetLabelValues(name, matchers, limit, cancellationToken), limit);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IQuerier querier in _queriers)
        {
            querier.Dispose();
        }
    }

    private LabelQueryResult Merge(Func<IQuerier, LabelQueryResult> query, int limit)
    {
        IReadOnlyList<string> merged = [];
        var warnings = new List<string>();
        bool truncated = false;
        foreach (IQuerier querier in _queriers)
        {
            LabelQueryResult result = query(querier);
            truncated |= result.Truncated;
            warnings.AddRange(result.Warnings);
            merged = merged.Count == 0 ? result.Values : Union(merged, result.Values);
        }

        if (limit > 0 && merged.Count > limit)
        {
            truncated = true;
            merged = [.. merged.Take(limit)];
        }

        return new LabelQueryResult(merged, truncated, warnings);
    }

    private static List<string> Union(IReadOnlyList<string> left, IReadOnlyList<string> right)
    {
        var union = new List<string>(Math.Max(left.Count, right.Count));
        int l = 0;
        int r = 0;
        while (l < left.Count || r < right.Count)
        {
            int order = l == left.Count ? 1 : r == right.Count ? -1 : Utf8Order.Compare(left[l], right[r]);
            union.Add(order <= 0 ? left[l] : right[r]);
            l += order <= 0 ? 1 : 0;
            r += order >= 0 ? 1 : 0;
        }

        return union;
    }
}
