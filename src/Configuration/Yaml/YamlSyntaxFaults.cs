using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Narthex.Configuration.Yaml;

/// <summary>Which generation of upstream's YAML library a file goes through there: they count lines and refuse repeated keys in different words.</summary>
internal enum YamlGeneration : byte
{
    /// <summary>Server configuration, unit tests of rules, files of targets.</summary>
    Second,

    /// <summary>Rule files.</summary>
    Third,
}

/// <summary>Says what is wrong with the form of a YAML text in the words, and with the line numbers, of upstream's libraries.</summary>
/// <remarks>
/// Both stand on the reference implementation's scanner and parser. Faults of the scanner carry the line as people count; those of the
/// parser carry the line before. Where a fault has two places, the second generation names where it was found, the third where the thing begins
/// that could not be ended. Line 0 is left out.
/// </remarks>
internal static class YamlSyntaxFaults
{
    private const string NoNode = "did not find expected node content";
    private const string NoToken = "found character that cannot start any token";

    /// <summary>A tab that stands where a token may begin.</summary>
    public static ConfigurationException TabAt(long line) => At(line > 1 ? line : 0, NoToken);

    /// <summary>A tab that stands where the text of a block may begin.</summary>
    public static ConfigurationException TabInBlockText(ParsingEvent block, long tabLine, YamlGeneration generation)
    {
        long began = block is Scalar { Style: ScalarStyle.Literal or ScalarStyle.Folded } ? block.Start.Line : block.End.Line;
        return At(generation == YamlGeneration.Third && began > 1 ? began : tabLine, "found a tab character where an indentation space is expected", least: 1);
    }

    /// <summary>A word at the place of a key that is none.</summary>
    public static ConfigurationException NoColon(long line) => At(line, "could not find expected ':'", least: 1);

    /// <summary>Whether the library complains about something else where a key or an item should be.</summary>
    public static bool IsMissingKeyOrItem(YamlException error) =>
        error.Message.Contains("did not find expected key", StringComparison.Ordinal) || error.Message.Contains("did not find expected '-' indicator", StringComparison.Ordinal);

    /// <summary>Whether the library complains about a tab.</summary>
    public static bool IsTab(YamlException error) => error.Message.Contains("invalid tab", StringComparison.Ordinal);

    /// <summary>A fault that the library has reported.</summary>
    /// <param name="error">What it says.</param>
    /// <param name="generation">The generation of upstream's library.</param>
    /// <param name="openLine">The line in which the innermost open collection begins.</param>
    /// <param name="tabLine">The first line behind what was read that is indented with a tab; 0 if there is none.</param>
    public static ConfigurationException From(YamlException error, YamlGeneration generation, long openLine, long tabLine)
    {
        string text = Strip(error.Message);
        bool isParser = text.StartsWith("While parsing", StringComparison.Ordinal) || text.StartsWith("Did not find", StringComparison.Ordinal);
        string fault = Translate(text);
        if (isParser)
        {
            long found = error.Start.Line - 1;
            long began = fault == NoNode ? found : openLine - 1;
            return At(generation == YamlGeneration.Second ? (found > 0 ? found : began) : (began > 0 ? began : found), fault, error);
        }

        bool isTab = IsTab(error);
        long last = isTab && tabLine > 0 ? tabLine : Math.Max(error.End.Line, error.Start.Line);
        long first = isTab || fault.StartsWith("mapping values", StringComparison.Ordinal) ? last : error.Start.Line;
        return At(generation == YamlGeneration.Second ? (last > 1 ? last : first) : (first > 1 ? first : last), fault, error, least: 1);
    }

    private static ConfigurationException At(long line, string fault, Exception? inner = null, long least = 0) =>
        new(line > least ? $"yaml: line {line}: {fault}" : $"yaml: {fault}", inner);

    private static string Strip(string text)
    {
        int end = text.IndexOf("): ", StringComparison.Ordinal);
        return text.StartsWith('(') && end > 0 ? text[(end + 3)..] : text;
    }

    private static string Translate(string text)
    {
        int comma = text.StartsWith("While ", StringComparison.Ordinal) ? text.IndexOf(", ", StringComparison.Ordinal) : -1;
        string fault = (comma > 0 ? text[(comma + 2)..] : text).Trim().TrimEnd('.');
        return fault switch
        {
            "" => "unknown problem parsing YAML content",
            "found invalid mapping" => "mapping values are not allowed in this context",
            "found a tab character that violate indentation" => "found a tab character that violates indentation",
            "found invalid tab as indentation" => NoToken,
            "did not find expected hexadecimal number" => "did not find expected hexdecimal number",
            "did not find the expected '>'" => "did not find expected tag URI",
            "did not find expected token" or "found more than one anchor" => NoNode,
            "found a comment between adjacent scalars" => "could not find expected ':'",
            "Anchor before sequence entry on same line is not allowed" => "block sequence entries are not allowed in this context",
            _ when fault.StartsWith("found value containing disallowed", StringComparison.Ordinal) => "did not find expected alphabetic or numeric character",
            _ when fault.StartsWith("Reached the end of the stream", StringComparison.Ordinal) => NoNode,
            _ => char.ToLowerInvariant(fault[0]) + fault[1..],
        };
    }
}
