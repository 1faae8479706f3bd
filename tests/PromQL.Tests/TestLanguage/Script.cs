using System.Globalization;
using System.Text.RegularExpressions;
using Narthex.Model;

namespace Narthex.PromQL.Tests.TestLanguage;

/// <summary>A command of a script, with the line it begins at.</summary>
internal abstract record Command(int Line);

internal sealed record ClearCommand(int Line) : Command(Line);

internal sealed record LoadCommand(int Line, long IntervalMs, bool WithCustomBuckets, IReadOnlyList<string> Series) : Command(Line);

internal sealed record EvalCommand(int Line, bool IsRange, long StartMs, long EndMs, long StepMs, string Query, Expectations Expected) : Command(Line);

/// <summary>What an evaluation must yield.</summary>
internal sealed class Expectations
{
    public bool Fails { get; set; }

    public bool Ordered { get; set; }

    public List<(string Kind, string? Exact, string? Pattern)> Messages { get; } = [];

    public string? Text { get; set; }

    public double? Scalar { get; set; }

    public (long FromMs, long ToMs, long StepMs)? RangeVector { get; set; }

    public List<(Labels Labels, List<Point> Points)> Series { get; } = [];
}

/// <summary>Reads scripts of upstream's PromQL test language.</summary>
internal static partial class Script
{
    public static List<Command> Parse(string text)
    {
        string[] lines = [.. text.Split('\n').Select(l => l.Trim()).Select(l => l.StartsWith('#') ? "" : l)];
        var commands = new List<Command>();
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
            {
                continue;
            }

            int first = i;
            if (lines[i] == "clear")
            {
                commands.Add(new ClearCommand(first + 1));
                continue;
            }

            var body = new List<string>();
            while (i + 1 < lines.Length && lines[i + 1].Length > 0)
            {
                body.Add(lines[++i]);
            }

            commands.Add(lines[first].StartsWith("load", StringComparison.Ordinal) ? ParseLoad(first + 1, lines[first], body) : ParseEval(first + 1, lines[first], body));
        }

        return commands;
    }

    public static long ParseDuration(string text)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds))
        {
            return (long)(seconds * 1000);
        }

        long total = 0;
        foreach (Match match in DurationPattern().Matches(text))
        {
            total += long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * match.Groups[2].Value switch
            {
                "ms" => 1,
                "s" => 1000,
                "m" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => throw new FormatException("Not a duration: " + text),
            };
        }

        return text.StartsWith('-') ? -total : total;
    }

    private static LoadCommand ParseLoad(int line, string head, List<string> body)
    {
        string[] words = head.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new LoadCommand(line, ParseDuration(words[1]), words[0] == "load_with_nhcb", body);
    }

    private static EvalCommand ParseEval(int line, string head, List<string> body)
    {
        Match instant = InstantPattern().Match(head);
        Match range = RangePattern().Match(head);
        Match match = instant.Success ? instant : range.Success ? range : throw new FormatException($"Line {line}: not a command: {head}");
        var expected = new Expectations();
        switch (match.Groups["old"].Value)
        {
            case "_fail":
                expected.Fails = true;
                break;
            case "_ordered":
                expected.Ordered = true;
                break;
            case "_warn" or "_info":
                expected.Messages.Add((match.Groups["old"].Value[1..], null, null));
                break;
        }

        foreach (string entry in body)
        {
            ParseExpectation(entry, expected);
        }

        long start = ParseDuration(match.Groups["start"].Value is { Length: > 0 } at ? at : "0");
        return instant.Success
            ? new EvalCommand(line, false, start, start, 0, match.Groups["query"].Value, expected)
            : new EvalCommand(line, true, start, ParseDuration(match.Groups["end"].Value), ParseDuration(match.Groups["step"].Value), match.Groups["query"].Value, expected);
    }

    private static void ParseExpectation(string line, Expectations expected)
    {
        if (line.StartsWith("expect ", StringComparison.Ordinal))
        {
            ParseExpectLine(line, expected);
        }
        else if (ScalarPattern().IsMatch(line))
        {
            expected.Scalar = SeriesNotation.ParseNumber(line);
        }
        else
        {
            (Labels labels, _, List<Point> points) = SeriesNotation.Parse(line);
            expected.Series.Add((labels, points));
        }
    }

    private static void ParseExpectLine(string line, Expectations expected)
    {
        Match range = RangeVectorPattern().Match(line);
        if (range.Success)
        {
            expected.RangeVector = (ParseDuration(range.Groups[1].Value), ParseDuration(range.Groups[2].Value), ParseDuration(range.Groups[3].Value));
            return;
        }

        string rest = line["expect ".Length..].Trim();
        if (rest.StartsWith("string ", StringComparison.Ordinal))
        {
            string literal = rest["string ".Length..].Trim();
            int position = 0;
            expected.Text = SeriesNotation.ParseString(literal, ref position);
            return;
        }

        Match match = ExpectPattern().Match(rest);
        string kind = match.Groups["kind"].Value;
        switch (kind)
        {
            case "ordered":
                expected.Ordered = true;
                return;
            case "fail":
                expected.Fails = true;
                break;
        }

        string text = match.Groups["text"].Value.Trim();
        expected.Messages.Add(match.Groups["form"].Value switch
        {
            "msg" => (kind, text, null),
            "regex" => (kind, null, text),
            _ => (kind, null, null),
        });
    }

    [GeneratedRegex(@"^eval(?<old>_fail|_ordered|_warn|_info)?\s+instant\s+(?:at\s+(?<start>\S+)\s+)?(?<query>.+)$")]
    private static partial Regex InstantPattern();

    [GeneratedRegex(@"^eval(?<old>_fail|_warn|_info)?\s+range\s+from\s+(?<start>\S+)\s+to\s+(?<end>\S+)\s+step\s+(?<step>\S+)\s+(?<query>.+)$")]
    private static partial Regex RangePattern();

    [GeneratedRegex(@"^expect range vector from (\S+) to (\S+) step (\S+)$")]
    private static partial Regex RangeVectorPattern();

    [GeneratedRegex(@"^(?<kind>\w+)(\s+(?<form>msg|regex):(?<text>.*))?$")]
    private static partial Regex ExpectPattern();

    [GeneratedRegex(@"^[+-]?(inf|nan|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)$", RegexOptions.IgnoreCase)]
    private static partial Regex ScalarPattern();

    [GeneratedRegex(@"(\d+)(ms|[smhd])")]
    private static partial Regex DurationPattern();
}
