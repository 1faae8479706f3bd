namespace Narthex.Configuration.Yaml;

/// <summary>A piece of a YAML document, with the line that it stands on.</summary>
internal abstract class YamlNode(int line)
{
    public int Line { get; } = line;

    /// <summary>The column that it begins in, from 1.</summary>
    public int Column { get; init; }

    /// <summary>The tag as error messages name it: <c>!!str</c>, <c>!!map</c>.</summary>
    public abstract string Tag { get; }
}

internal sealed class YamlScalar(int line, string text, bool isPlain, bool isInvalidText) : YamlNode(line)
{
    public string Text { get; } = text;

    public bool IsPlain { get; } = isPlain;

    /// <summary>Whether it came as <c>!!binary</c> and is no UTF-8; each such byte is then one character of the text.</summary>
    public bool IsInvalidText { get; } = isInvalidText;

    public YamlScalarKind Kind => IsPlain ? YamlScalarKinds.Of(Text) : YamlScalarKind.Text;

    public bool IsNull => Kind == YamlScalarKind.Null;

    public override string Tag => YamlScalarKinds.TagOf(Kind);
}

internal sealed class YamlSequence(int line, List<YamlNode> items) : YamlNode(line)
{
    public List<YamlNode> Items { get; } = items;

    public override string Tag => "!!seq";
}

internal sealed class YamlMapping(int line, List<KeyValuePair<YamlNode, YamlNode>> entries) : YamlNode(line)
{
    public List<KeyValuePair<YamlNode, YamlNode>> Entries { get; } = entries;

    public override string Tag => "!!map";
}
