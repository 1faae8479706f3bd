using System.Collections.Concurrent;

namespace Narthex.Instrumentation;

/// <summary>Metrics of one name, told apart by the values of their labels.</summary>
public sealed class Family<T> : IMetricFamily
    where T : Metric
{
    // Not a character in any text, so joined values cannot be mistaken for others.
    private const char Separator = '\uFFFF';

    private readonly ConcurrentDictionary<string, Child> _children = new(StringComparer.Ordinal);
    private readonly Func<T> _create;

    internal Family(FamilyDescription description, Func<T> create)
    {
        Description = description;
        _create = create;
    }

    /// <summary>Name, help, kind and label names.</summary>
    public FamilyDescription Description { get; }

    /// <summary>The metric with these label values, made on first use. Keep it where it is used often.</summary>
    public T WithLabels(params ReadOnlySpan<string> values)
    {
        if (values.Length != Description.LabelNames.Length)
        {
            throw new ArgumentException(
                $"{Description.Name} has {Description.LabelNames.Length} labels, not {values.Length}.", nameof(values));
        }

        string key = Key(values);
        if (_children.TryGetValue(key, out Child? child))
        {
            return child.Metric;
        }

        return _children.GetOrAdd(key, new Child(values.ToArray(), _create())).Metric;
    }

    /// <summary>Forgets the metric with these label values. False if there is none.</summary>
    public bool Remove(params ReadOnlySpan<string> values) => _children.TryRemove(Key(values), out _);

    /// <summary>Forgets all metrics whose label of that position has that value.</summary>
    public void RemoveWhere(int labelIndex, string value)
    {
        foreach (KeyValuePair<string, Child> pair in _children)
        {
            if (pair.Value.LabelValues[labelIndex] == value)
            {
                _children.TryRemove(pair);
            }
        }
    }

    /// <summary>Forgets all metrics.</summary>
    public void Clear() => _children.Clear();

    void IMetricFamily.Collect(IMetricSink sink)
    {
        Child[] children = [.. _children.Values];
        if (children.Length == 0)
        {
            return;
        }

        Array.Sort(children, static (a, b) => CompareValues(a.LabelValues, b.LabelValues));
        sink.BeginFamily(Description);
        foreach (Child child in children)
        {
            child.Metric.Collect(child.LabelValues, sink);
        }
    }

    private static int CompareValues(string[] left, string[] right)
    {
        for (int i = 0; i < left.Length; i++)
        {
            int order = string.CompareOrdinal(left[i], right[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return 0;
    }

    private static string Key(ReadOnlySpan<string> values) =>
        values.Length == 1 ? values[0] : string.Join(Separator, values);

    private sealed record Child(string[] LabelValues, T Metric);
}

/// <summary>What a registry knows of a family.</summary>
internal interface IMetricFamily
{
    FamilyDescription Description { get; }

    /// <summary>Announces the family, if it has any metrics, and hands out each.</summary>
    void Collect(IMetricSink sink);
}
