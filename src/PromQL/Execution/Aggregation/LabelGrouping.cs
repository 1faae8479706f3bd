using Narthex.Model;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>Sorts series into groups by some of their labels. Groups are dense integers in order of first appearance.</summary>
internal sealed class LabelGrouping
{
    private readonly LabelProjection _projection;

    public LabelGrouping(IReadOnlyList<string> names, bool isWithout)
    {
        LabelProjection listed = isWithout ? LabelProjection.Without(names) : LabelProjection.Only(names);
        _projection = isWithout ? listed.After(MetricSchema.Rest) : listed;
    }

    /// <summary>The labels of each group.</summary>
    public List<SeriesLabels> Groups { get; } = [];

    /// <summary>The group of each series.</summary>
    public int[] Assign(IReadOnlyList<SeriesLabels> series, QueryContext context)
    {
        var groupOf = new int[series.Count];
        if (_projection.KeepsNamed && _projection.Names.IsEmpty)
        {
            if (series.Count > 0)
            {
                Groups.Add(default);
            }

            return groupOf;
        }

        var selected = series as SelectedSeries;
        Func<int, Labels> project = selected?.Project(_projection) ?? (i => _projection.Of(series[i].Labels));
        var ids = new Dictionary<Labels, int>();
        for (int i = 0; i < groupOf.Length; i++)
        {
            context.ThrowIfCancelled(i);
            Labels labels = project(i);
            if (!ids.TryGetValue(labels, out int id))
            {
                id = Groups.Count;
                ids.Add(labels, id);
                Groups.Add(new SeriesLabels(labels));
            }

            // A name that is to go from one member is to go from the group.
            if (selected is null && series[i].DropName)
            {
                Groups[id] = Groups[id] with { DropName = true };
            }

            groupOf[i] = id;
        }

        return groupOf;
    }

    /// <summary>Whether a label with the name is one that groups have.</summary>
    public bool Keeps(ReadOnlySpan<byte> name) => _projection.Keeps(name);

    /// <summary>The labels that a series' group has.</summary>
    public Labels Project(Labels labels) => _projection.Of(labels);
}
