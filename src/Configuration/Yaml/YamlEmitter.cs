using System.Globalization;
using System.Text;

namespace Narthex.Configuration.Yaml;

/// <summary>Writes a tree as the YAML that upstream's library writes, so that tools which compare configurations see no difference.</summary>
internal sealed class YamlEmitter
{
    // Texts are folded at the first space past this column.
    private const int WidthBest = 80;

    private readonly StringBuilder _yaml = new();
    private int _lineStart;

    /// <summary>The tree as a document.</summary>
    public static string Emit(ConfigMapping root)
    {
        var emitter = new YamlEmitter();
        if (root.Entries.Count == 0)
        {
            return "{}\n";
        }

        emitter.WriteMapping(root, 0);
        return emitter._yaml.ToString();
    }

    private void WriteMapping(ConfigMapping mapping, int indent)
    {
        for (int i = 0; i < mapping.Entries.Count; i++)
        {
            if (i > 0)
            {
                Indent(indent);
            }

            ConfigEntry entry = mapping.Entries[i];
            WriteText(entry.Key, indent, inFlow: false, mayFold: false);
            Append(":");
            switch (entry.Value)
            {
                case ConfigMapping { Entries.Count: > 0 } inner:
                    NewLine();
                    Indent(indent + 2);
                    WriteMapping(inner, indent + 2);
                    break;
                case ConfigSequence { Items.Count: > 0, IsFlow: false } inner:
                    NewLine();
                    WriteSequence(inner, indent);
                    break;
                default:
                    Append(" ");
                    WriteLeaf(entry.Value, indent + 2);
                    NewLine();
                    break;
            }
        }
    }

    private void WriteSequence(ConfigSequence sequence, int indent)
    {
        foreach (ConfigTree item in sequence.Items)
        {
            Indent(indent);
            Append("- ");
            switch (item)
            {
                case ConfigMapping { Entries.Count: > 0 } inner:
                    WriteMapping(inner, indent + 2);
                    break;
                default:
                    WriteLeaf(item, indent + 2);
                    NewLine();
                    break;
            }
        }
    }

    private void WriteLeaf(ConfigTree leaf, int indent)
    {
        switch (leaf)
        {
            case ConfigScalar { Text: null }:
                Append("null");
                break;
            case ConfigScalar { IsText: true, Text: { } text }:
                WriteText(text, indent, inFlow: false, mayFold: true);
                break;
            case ConfigScalar { Text: { } text }:
                Append(text);
                break;
            case ConfigSecret secret:
                WriteText(secret.Value.ToString(), indent, inFlow: false, mayFold: false);
                break;
            case ConfigMapping:
                Append("{}");
                break;
            case ConfigSequence sequence:
                WriteFlow(sequence, indent);
                break;
            default:
                throw new ArgumentException($"There is no YAML for {leaf.GetType().Name}.", nameof(leaf));
        }
    }

    private void WriteFlow(ConfigSequence sequence, int indent)
    {
        Append("[");
        for (int i = 0; i < sequence.Items.Count; i++)
        {
            if (i > 0)
            {
                Append(",");
                if (Column > WidthBest)
                {
                    NewLine();
                    Indent(indent);
                }
                else
                {
                    Append(" ");
                }
            }

            WriteText(((ConfigScalar)sequence.Items[i]).Text ?? "", indent, inFlow: true, mayFold: true);
        }

        Append("]");
    }

    private void WriteText(string text, int indent, bool inFlow, bool mayFold)
    {
        bool looksLikeOther = YamlScalarKinds.Of(text) != YamlScalarKind.Text || YamlScalarKinds.TryParseBoolean(text, out _) || YamlScalarKinds.LooksLikeBase60(text);
        if (looksLikeOther || YamlTextForm.HasSpecial(text))
        {
            WriteDoubleQuoted(text, indent, mayFold);
        }
        else if (text.Contains('\n', StringComparison.Ordinal))
        {
            WriteMultiline(text, indent, inFlow || !mayFold);
        }
        else if (YamlTextForm.CanBePlain(text, inFlow))
        {
            WriteFolded(text, indent, mayFold);
        }
        else
        {
            Append("'");
            WriteFolded(text.Replace("'", "''", StringComparison.Ordinal), indent, mayFold);
            Append("'");
        }
    }

    private void WriteMultiline(string text, int indent, bool isCramped)
    {
        if (isCramped || text[0] is ' ' or '\n')
        {
            WriteDoubleQuoted(text, indent, mayFold: true);
            return;
        }

        string body = text.TrimEnd('\n');
        int newlines = text.Length - body.Length;
        Append(newlines == 0 ? "|-" : newlines == 1 ? "|" : "|+");
        foreach (string line in (newlines > 1 ? text[..^1] : body).Split('\n'))
        {
            NewLine();
            if (line.Length > 0)
            {
                Indent(indent);
                Append(line);
            }
        }
    }

    private void WriteFolded(string text, int indent, bool mayFold)
    {
        for (int i = 0; i < text.Length; i++)
        {
            bool isLoneSpace = text[i] == ' ' && i > 0 && i < text.Length - 1 && text[i - 1] != ' ' && text[i + 1] != ' ';
            if (mayFold && isLoneSpace && Column > WidthBest)
            {
                NewLine();
                Indent(indent);
            }
            else
            {
                _yaml.Append(text[i]);
            }
        }
    }

    private void WriteDoubleQuoted(string text, int indent, bool mayFold)
    {
        Append("\"");
        for (int i = 0; i < text.Length; i++)
        {
            if (mayFold && text[i] == ' ' && i > 0 && i < text.Length - 1 && text[i - 1] != ' ' && Column > WidthBest)
            {
                NewLine();
                Indent(indent);
                Append(text[i + 1] == ' ' ? "\\" : "");
            }
            else
            {
                AppendEscaped(text[i]);
            }
        }

        Append("\"");
    }

    private void AppendEscaped(char c)
    {
        string? escape = c switch
        {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\0' => "\\0",
            '\a' => "\\a",
            '\b' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\v' => "\\v",
            '\f' => "\\f",
            '\r' => "\\r",
            '\x1B' => "\\e",
            '\x85' => "\\N",
            '\xA0' => "\\_",
            '\u2028' => "\\L",
            '\u2029' => "\\P",
            < ' ' or '\x7F' or (> '\x7F' and < '\xA0') => "\\x" + ((int)c).ToString("X2", CultureInfo.InvariantCulture),
            '\uFEFF' => "\\uFEFF",
            _ => null,
        };
        _yaml.Append(escape ?? c.ToString());
    }

    private int Column => _yaml.Length - _lineStart;

    private void Append(string text) => _yaml.Append(text);

    private void Indent(int indent) => _yaml.Append(' ', indent);

    private void NewLine()
    {
        _yaml.Append('\n');
        _lineStart = _yaml.Length;
    }
}
