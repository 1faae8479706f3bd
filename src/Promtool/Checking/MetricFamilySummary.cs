using Narthex.Model;

namespace Narthex.Promtool.Checking;

/// <summary>What an exposition says of one metric family.</summary>
internal sealed class MetricFamilySummary(string name)
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public MetricType Type { get; private set; } = MetricType.Unknown;

    public bool HasType { get; private set; }

    public bool HasHelp { get; set; }

    public int SeriesCount { get; private set; }

    public HashSet<string> LabelNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether a series is there twice.</summary>
    public bool HasDuplicates { get; private set; }

    public void SetType(MetricType type)
    {
        Type = type;
        HasType = true;
    }

    public void Add(string metric, SortedDictionary<string, string> labels)
    {
        SeriesCount++;
        LabelNames.UnionWith(labels.Keys);

        // No text has these bytes: nothing else is valid in names and values.
        HasDuplicates |= !_seen.Add(metric + '\uD800' + string.Join('\uD800', labels.Select(label => label.Key + '\uD801' + label.Value)));
    }
}
