using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Narthex.Configuration.Yaml;

/// <summary>Makes a text that only our library refuses into one that means the same to it.</summary>
/// <remarks>
/// The library holds to newer rules than the reference implementation: lines within brackets and quotes must be indented, and a comment needs a
/// space before it. Files that break these rules load in upstream's programs, so that they have to load here. Lines keep their numbers.
/// </remarks>
internal static class YamlRepair
{
    private const int Indent = 64;

    /// <summary>Repairs what stopped the library; null if that was something else.</summary>
    public static string? Try(string text, Exception error, ParsingEvent? last, bool isFlow) => error switch
    {
        YamlException fault when fault.Message.Contains("found wrong indentation", StringComparison.Ordinal) => IndentLine(text, fault.End.Line),
        YamlException fault when fault.Message.Contains("found invalid comment after", StringComparison.Ordinal) => Space(text, text.IndexOf('#', (int)Math.Min(fault.End.Index, text.Length))),
        InvalidOperationException when isFlow && last is not null => IndentAfter(text, last.End.Line),
        _ => null,
    };

    private static string? Space(string text, int at) => at >= 0 ? text.Insert(at, " ") : null;

    private static string? IndentAfter(string text, long line)
    {
        string[] lines = text.Split('\n');
        for (long next = line + 1; next <= lines.Length; next++)
        {
            if (lines[next - 1].AsSpan().Trim().Length > 0 && !IsIndented(lines[next - 1]))
            {
                return IndentLine(text, next);
            }
        }

        return null;
    }

    private static string? IndentLine(string text, long line)
    {
        string[] lines = text.Split('\n');
        if (line > lines.Length || IsIndented(lines[line - 1]))
        {
            return null;
        }

        lines[line - 1] = new string(' ', Indent) + lines[line - 1];
        return string.Join('\n', lines);
    }

    private static bool IsIndented(string line) => line.AsSpan().IndexOfAnyExcept(' ') >= Indent;
}
