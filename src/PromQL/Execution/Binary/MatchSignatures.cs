using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Binary;

/// <summary>Gives the series of two sides dense numbers by the labels that they match on: the same number, the same match group.</summary>
internal sealed class MatchSignatures(VectorMatching matching)
{
    private readonly byte[][] _names = [.. matching.Labels.Select(Encoding.UTF8.GetBytes)];
    private readonly Dictionary<Labels, int> _ids = [];
    private readonly LabelsBuilder _builder = new();

    /// <summary>The labels of each match group.</summary>
    public List<Labels> Groups { get; } = [];

    public int[] Assign(IReadOnlyList<SeriesLabels> series)
    {
        var ids = new int[series.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            Labels key = KeyOf(series[i].Labels);
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

    private Labels KeyOf(Labels labels)
    {
        _builder.Reset();
        foreach (LabelPair pair in labels)
        {
            bool listed = IsListed(pair.Name);
            if (matching.IsOn ? listed : !listed && !pair.Name.SequenceEqual(LabelNames.MetricNameUtf8))
            {
                _builder.Add(pair.Name, pair.Value);
            }
        }

        return _builder.ToLabels();
    }
}
