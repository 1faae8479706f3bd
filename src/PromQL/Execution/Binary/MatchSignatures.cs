using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Binary;

/// <summary>Gives the series of two sides dense numbers by the labels that they match on: the same number, the same match group.</summary>
internal sealed class MatchSignatures(VectorMatching matching)
{
    private readonly byte[][] _names = [.. matching.Labels.Select(Encoding.UTF8.GetBytes)];
    private readonly Dictionary<Labels, int> _ids = [];
    private readonly LabelProjection _key = matching.IsOn
        ? LabelProjection.Only(matching.Labels)
        : LabelProjection.Without([.. matching.Labels, LabelNames.MetricName]);

    /// <summary>The labels of each match group.</summary>
    public List<Labels> Groups { get; } = [];

    public int[] Assign(IReadOnlyList<SeriesLabels> series, QueryContext context)
    {
        var ids = new int[series.Count];
        Func<int, Labels> project = (series as SelectedSeries)?.Project(_key) ?? (i => _key.Of(series[i].Labels));
        for (int i = 0; i < ids.Length; i++)
        {
            context.ThrowIfCancelled(i);
            Labels key = project(i);
            if (!_ids.TryGetValue(key, out ids[i]))
            {
                ids[i] = Groups.Count;
                _ids.Add(key, ids[i]);
                Groups.Add(key);
            }
        }

        return ids;
    }

    public bool IsListed(ReadOnlySpan<byte> name)
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
