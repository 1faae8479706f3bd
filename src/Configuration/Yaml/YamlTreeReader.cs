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

    private readonly Parser _parser;
    private readonly Dictionary<string, YamlNode> _anchors = new(StringComparer.Ordinal);

    private YamlTreeReader(string text) => _parser = new Parser(new StringReader(text));

    /// <summary>The document's content; null if there is none.</summary>
    /// <exception cref="ConfigurationException">It is not YAML.</exception>
    public static YamlNode? Read(string text)
    {
        var reader = new YamlTreeReader(text);
        try
        {
            return reader.ReadDocument();
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or KeyNotFoundException)
        {
            // The library's answer to some texts that are cut in odd places.
            throw new ConfigurationException($"yaml: line {reader._parser.Current?.End.Line ?? 1}: did not find expected node content", e);
        }
        catch (YamlException e)
        {
            throw new ConfigurationException(YamlFaults.Explain(e), e);
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

    private YamlNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (!_parser.TryConsume<DocumentStart>(out _))
        {
            return null;
        }

        return _parser.Accept<DocumentEnd>(out _) ? null : ReadNode(0);
    }

    private YamlNode ReadNode(int depth)
    {
        if (depth > DepthMax)
        {
            throw new ConfigurationException("yaml: exceeded max depth");
        }

        if (_parser.TryConsume<AnchorAlias>(out AnchorAlias? alias))
        {
            return _anchors.TryGetValue(alias.Value.Value, out YamlNode? target)
                ? target
                : throw new ConfigurationException($"yaml: unknown anchor '{alias.Value.Value}' referenced");
        }

        if (_parser.TryConsume<Scalar>(out Scalar? scalar))
        {
            return Remember(scalar, ReadScalar(scalar));
        }

        if (_parser.TryConsume<SequenceStart>(out SequenceStart? sequence))
        {
            var items = new List<YamlNode>();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadNode(depth + 1));
            }

            return Remember(sequence, new YamlSequence((int)sequence.Start.Line, items));
        }

        var mapping = _parser.Consume<MappingStart>();
        var entries = new List<KeyValuePair<YamlNode, YamlNode>>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            YamlNode key = ReadNode(depth + 1);
            entries.Add(new(key, ReadNode(depth + 1)));
        }

        return Remember(mapping, new YamlMapping((int)mapping.Start.Line, Merge(entries)));
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
