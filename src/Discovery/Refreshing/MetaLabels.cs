using Narthex.Model;

namespace Narthex.Discovery.Refreshing;

/// <summary>Labels of a target in the making, later ones in the place of earlier ones of the same name. Empty ones are none.</summary>
internal sealed class MetaLabels
{
    private readonly Dictionary<string, string> _labels = new(StringComparer.Ordinal);

    public MetaLabels()
    {
    }

    public MetaLabels(MetaLabels first)
    {
        Add(first);
    }

    public string this[string name]
    {
        get => _labels.GetValueOrDefault(name, "");
        set => _labels[name] = value;
    }

    public MetaLabels Add(MetaLabels? others)
    {
        foreach ((string name, string value) in others?._labels ?? [])
        {
            _labels[name] = value;
        }

        return this;
    }

    public Labels ToLabels()
    {
        var builder = new LabelsBuilder();
        foreach ((string name, string value) in _labels)
        {
            if (value.Length > 0)
            {
                builder.Set(name, value);
            }
        }

        return builder.ToLabels();
    }
}
