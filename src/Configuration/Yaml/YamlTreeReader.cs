using System.Buffers;
using System.Text;
using System.Text.Unicode;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Narthex.Configuration.Yaml;

/// <summary>Reads the first document of a YAML text into nodes.</summary>
internal sealed class YamlTreeReader
{
    // Deeper than any configuration; keeps hostile input from using up the stack.
    private const int DepthMax = 200;

    // A file with more lines that break newer rules was not written by hand.
    private const int RepairsMax = 1000;

    private static readonly SearchValues<char> s_controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0xA0).Select(code => (char)code).Where(c => char.IsControl(c) && c is not ('\t' or '\n' or '\r' or '\u0085'))]);

    private readonly Parser _parser;
    private readonly YamlIndentation _indentation;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);
    private readonly Stack<NodeEvent> _open = new();
    private int _flowDepth;

    private YamlTreeReader(string text, YamlGeneration generation)
    {
        _parser = new Parser(new StringReader(text));
        _indentation = new YamlIndentation(text, generation);
    }

    /// <summary>The document's content; null if there is none.</summary>
    /// <exception cref="ConfigurationException">It is not YAML.</exception>
    public static YamlNode? Read(string text, YamlGeneration generation = YamlGeneration.Second)
    {
        if (text.AsSpan().IndexOfAny(s_controls) >= 0)
        {
            throw new ConfigurationException("yaml: control characters are not allowed");
        }

        string current = text;
        for (int repairs = 0; ; repairs++)
        {
            var reader = new YamlTreeReader(current, generation);
            try
            {
                return reader.ReadDocument();
            }
            catch (Exception e) when (e is InvalidOperationException or ArgumentException or KeyNotFoundException or YamlException)
            {
                ParsingEvent? last = reader._parser.Current;
                current = (repairs < RepairsMax ? YamlRepair.Try(current, e, last, reader._flowDepth > 0) : null) ?? throw reader.Explain(e, last, generation);
            }
        }
    }

    /// <summary>Whether something follows the first document of a text that has been read.</summary>
    public static bool HasMoreDocuments(string text)
    {
        var parser = new Parser(new StringReader(text));
        int documents = 0;
        try
        {
            while (documents < 2 && parser.MoveNext())
            {
                documents += parser.Current is DocumentStart ? 1 : 0;
            }
        }
        catch (YamlException)
        {
            // What follows is not YAML: nobody reads it anyway.
            return true;
        }

        return documents > 1;
    }

    private ConfigurationException Explain(Exception error, ParsingEvent? last, YamlGeneration generation)
    {
        if (error is not YamlException fault)
        {
            // The library's answer to some texts that are cut in odd places.
            return new ConfigurationException($"yaml: line {last?.End.Line ?? 1}: did not find expected node content", error);
        }

        if (YamlSyntaxFaults.IsMissingKeyOrItem(fault) && _indentation.IsWordWithoutColon(fault.Start)
            && _open.Any(collection => collection.Start.Column == fault.Start.Column))
        {
            return YamlSyntaxFaults.NoColon(generation == YamlGeneration.Third ? fault.Start.Line : _indentation.NextLine(fault.Start.Line));
        }

        long openLine = _open.TryPeek(out NodeEvent? open) ? open.Start.Line : 0;
        long tabLine = _indentation.FindTab(last);
        return tabLine > 0 && YamlSyntaxFaults.IsTab(fault) && _indentation.IsBlockText(last)
            ? YamlSyntaxFaults.TabInBlockText(last!, tabLine, generation)
            : YamlSyntaxFaults.From(fault, generation, openLine, tabLine);
    }

    private YamlNode? ReadDocument()
    {
        Advance();
        Advance();
        if (_parser.Current is not DocumentStart)
        {
            return null;
        }

        Advance();
        return _parser.Current is DocumentEnd ? null : ReadNode(0);
    }

    private void Advance()
    {
        ParsingEvent? last = _parser.Current;
        if (!_parser.MoveNext())
        {
            throw new InvalidOperationException("The text ends in the middle.");
        }

        if (_flowDepth == 0)
        {
            _indentation.CheckBetween(last, _parser.Current!);
        }
    }

    // What comes behind the document is nobody's concern, not even whether it is YAML.
    private void Leave(int depth)
    {
        if (depth > 0)
        {
            Advance();
        }
    }

    private void Open(NodeEvent start, bool isFlow)
    {
        _open.Push(start);
        _flowDepth += isFlow ? 1 : 0;
        Advance();
    }

    private void Close(bool isFlow, int depth)
    {
        _open.Pop();
        Leave(depth);
        _flowDepth -= isFlow ? 1 : 0;
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > DepthMax)
        {
            throw new ConfigurationException("yaml: exceeded max depth");
        }

        switch (_parser.Current)
        {
            case AnchorAlias alias:
                YamlNode target = _anchors.GetValueOrDefault(alias.Value.Value) ?? throw new ConfigurationException($"yaml: unknown anchor '{alias.Value.Value}' referenced");
                Leave(depth);
                return target;
            case Scalar scalar:
                YamlNode leaf = Remember(scalar, ReadScalar(scalar));
                Leave(depth);
                return leaf;
            case SequenceStart sequence:
                return ReadSequence(sequence, depth);
            case MappingStart mapping:
                return ReadMapping(mapping, depth);
            default:
                throw new InvalidOperationException("No node begins here.");
        }
    }

    private YamlNode ReadSequence(SequenceStart sequence, int depth)
    {
        bool isFlow = sequence.Style == SequenceStyle.Flow;
        var items = new List<YamlNode>();
        Open(sequence, isFlow);
        while (_parser.Current is not SequenceEnd)
        {
            items.Add(ReadNode(depth + 1));
        }

        Close(isFlow, depth);
        return Remember(sequence, new YamlSequence((int)sequence.Start.Line, items) { Column = (int)sequence.Start.Column });
    }

    private YamlNode ReadMapping(MappingStart mapping, int depth)
    {
        bool isFlow = mapping.Style == MappingStyle.Flow;
        var entries = new List<KeyValuePair<YamlNode, YamlNode>>();
        Open(mapping, isFlow);
        while (_parser.Current is not MappingEnd)
        {
            YamlNode key = ReadNode(depth + 1);
            entries.Add(new(key, ReadNode(depth + 1)));
        }

        Close(isFlow, depth);
        return Remember(mapping, new YamlMapping((int)mapping.Start.Line, Merge(entries)) { Column = (int)mapping.Start.Column });
    }

    private YamlNode Remember(NodeEvent source, YamlNode node)
    {
        if (!source.Anchor.IsEmpty)
        {
            _anchors[source.Anchor.Value] = node;
        }

        return node;
    }

    private static YamlScalar ReadScalar(Scalar scalar)
    {
        int line = (int)scalar.Start.Line;
        int column = (int)scalar.Start.Column;
        bool isPlain = scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty;
        if (scalar.Tag.IsEmpty || scalar.Tag.Value != "tag:yaml.org,2002:binary")
        {
            return new YamlScalar(line, scalar.Value, isPlain, isInvalidText: false) { Column = column };
        }

        byte[] bytes;
        try
        {
            bytes = Convert.FromBase64String(scalar.Value);
        }
        catch (FormatException e)
        {
            throw new ConfigurationException("yaml: !!binary value contains invalid base64 data", e);
        }

        bool isText = Utf8.IsValid(bytes);
        return new YamlScalar(line, isText ? Encoding.UTF8.GetString(bytes) : Encoding.Latin1.GetString(bytes), isPlain: false, !isText) { Column = column };
    }

    // "<<: *base" takes over what the mapping does not have itself.
    private static List<KeyValuePair<YamlNode, YamlNode>> Merge(List<KeyValuePair<YamlNode, YamlNode>> entries)
    {
        int mergeAt = entries.FindIndex(IsMerge);
        if (mergeAt < 0)
        {
            return entries;
        }

        List<KeyValuePair<YamlNode, YamlNode>> merged = [.. entries.Where(entry => !IsMerge(entry))];
        HashSet<string> names = [.. merged.Select(entry => entry.Key).OfType<YamlScalar>().Select(key => key.Text)];
        foreach (YamlNode source in entries.Where(IsMerge).Select(entry => entry.Value))
        {
            foreach (YamlNode item in source is YamlSequence sequence ? sequence.Items : [source])
            {
                if (item is not YamlMapping mapping)
                {
                    throw new ConfigurationException("yaml: map merge requires map or sequence of maps as the value");
                }

                merged.AddRange(mapping.Entries.Where(entry => entry.Key is YamlScalar key && names.Add(key.Text)));
            }
        }

        return merged;
    }

    private static bool IsMerge(KeyValuePair<YamlNode, YamlNode> entry) => entry.Key is YamlScalar { IsPlain: true, Text: "<<" };
}
