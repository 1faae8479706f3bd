using Narthex.Configuration.Yaml;

namespace Narthex.Configuration.Loading;

/// <summary>What all sections share while one file is read: where its paths start, and the faults of form found so far.</summary>
/// <remarks>
/// Faults of form (unknown keys, wrong kinds of values) are collected and reported together; a fault of meaning ends the load at once
/// with its own message. Users and scripts know both from upstream.
/// </remarks>
internal sealed class LoadContext(string baseDirectory, ConfigurationLoadOptions options)
{
    private readonly List<(int Line, int Column, string Text)> _faults = [];

    public ConfigurationLoadOptions Options { get; } = options;

    /// <summary>Which of upstream's libraries would read the file.</summary>
    public YamlGeneration Generation { get; init; }

    public int FaultCount => _faults.Count;

    public void AddFault(YamlNode node, string fault)
    {
        (int, int, string) entry = (node.Line, node.Column, $"  line {node.Line}: {fault}");

        // Some sections are read twice. The third generation does repeat itself, where a key is there more than twice.
        if (Generation == YamlGeneration.Third || !_faults.Contains(entry))
        {
            _faults.Add(entry);
        }
    }

    public void AddWrongKind(YamlNode node, string wanted)
    {
        string value = node is YamlScalar scalar ? " `" + (scalar.Text.Length > 10 ? scalar.Text[..7] + "..." : scalar.Text) + "`" : "";
        AddFault(node, $"cannot unmarshal {node.Tag}{value} into {wanted}");
    }

    public void ThrowIfFaulty()
    {
        if (_faults.Count > 0)
        {
            // In the order of the file: sections are left only after what is in them.
            throw new ConfigurationException("yaml: unmarshal errors:\n" + string.Join('\n', _faults.OrderBy(fault => fault.Line).ThenBy(fault => fault.Column).Select(fault => fault.Text)));
        }
    }

    /// <summary>The path as seen from the configuration's folder.</summary>
    public string Resolve(string path) => PathText.Join(baseDirectory, path);
}
