using System.Text;
using Narthex.Model;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>Sorts series into groups by some of their labels. Groups are dense integers in order of first appearance.</summary>
internal sealed class LabelGrouping
{
    private readonly byte[][] _names;
    private readonly bool _isWithout;
    private readonly LabelsBuilder _builder = new();

    public LabelGrouping(IReadOnlyList<string> names, bool isWithout)
    {
        _names = [.. names.Order(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes)];
        _isWithout = isWithout;
    }

    /// <summary>The labels of each group.</summary>
    public List<SeriesLabels> Groups { get; } = [];

    /// <summary>The group of each series.</summary>
    public int[] Assign(IReadOnlyList<SeriesLabels> series)
    {
        var groupOf = new int[series.Count];
        if (!_isWithout && _names.Length == 0)
        {
            if (series.Count > 0)
            {
                Groups.Add(default);
            }

            return groupOf;
        }

        var ids = new Dictionary<Labels, int>();
        for (int i = 0; i < groupOf.Length; i++)
        {
            Labels labels = Project(series[i].Labels);
            if (!ids.TryGetValue(labels, out int id))
            {
                id = Groups.Count;
                ids.Add(labels, id);
                Groups.Add(new SeriesLabels(labels));
            }

            // A name that is to go from one member is to go from the group.
            if (series[i].DropName)
            {
                Groups[id] = Groups[id] with { DropName = true };
            }

            groupOf[i] = id;
        }

        return groupOf;
    }

    /// <summary>The labels that a series' group has.</summary>
    public Labels Project(Labels labels)
    {
        _builder.Reset();
        foreach (LabelPair pair in labels)
        {
            bool listed = Contains(pair.Name);
            if (_isWithout ? !listed && !MetricSchema.IsSchemaLabel(pair.Name) : listed)
            {
                _builder.Add(pair.Name, pair.Value);
            }
        }

        return _builder.ToLabels();
    }

    private bool Contains(ReadOnlySpan<byte> name)
    {
        foreach (byte[] listed in _names)
        {
            if (name.SequenceEqual(listed))
            {
                return true;
            }
        }

        return false;
    }
}
