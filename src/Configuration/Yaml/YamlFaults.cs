using System.Globalization;
using YamlDotNet.Core;

namespace Narthex.Configuration.Yaml;

/// <summary>Says what is wrong with a text that is not YAML, as upstream says it.</summary>
internal static class YamlFaults
{
    // Where the library has other words. People search for these.
    private static readonly Dictionary<string, string> s_words = new(StringComparer.Ordinal)
    {
        ["found invalid tab as indentation"] = "found character that cannot start any token",
        ["found a tab character that violate indentation"] = "found a tab character that violates indentation",
        ["found invalid mapping"] = "mapping values are not allowed in this context",
    };

    /// <summary>The whole message.</summary>
    public static string Explain(YamlException error)
    {
        string text = error.Message;
        int place = text.IndexOf("): ", StringComparison.Ordinal);
        text = (text.StartsWith('(') && place > 0 ? text[(place + 3)..] : text).TrimEnd('.');

        // "While scanning a quoted scalar, found unexpected end of stream": what was going on does not belong to it.
        bool isScanner = text.StartsWith("While scanning", StringComparison.Ordinal);
        bool isParser = text.StartsWith("While parsing", StringComparison.Ordinal);
        int comma = text.IndexOf(", ", StringComparison.Ordinal);
        if ((isScanner || isParser) && comma > 0)
        {
            text = text[(comma + 2)..];
        }

        // The library stands at the end of the line in front.
        long at = error.End.Line + (text == "found invalid tab as indentation" ? 1 : 0);
        text = s_words.GetValueOrDefault(text, text);

        // Upstream counts lines from nothing where it parses, and leaves the first one out.
        long line = isParser ? at - 1 : at > 1 ? at : 0;
        return line > 0 ? string.Create(CultureInfo.InvariantCulture, $"yaml: line {line}: {text}") : "yaml: " + text;
    }
}
