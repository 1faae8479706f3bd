using System.Globalization;
using Narthex.CommandLine;

namespace Narthex.Promtool.Checking;

/// <summary><c>promtool check metrics</c>: checks an exposition on standard input.</summary>
internal static class MetricsCheck
{
    private const int CellPadding = 4;

    private static readonly string[] s_titles = ["Metric", "Cardinality", "Percentage"];

    public static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        bool isLinting = invocation.Flags.Get("lint") != "none";
        bool isExtended = invocation.Flags.IsOn("extended");
        if (!isLinting && !isExtended)
        {
            throw new ToolException(
                "error: at least one of --extended or linting must be enabled\nUse --extended for cardinality analysis, or remove --lint=none to enable linting");
        }

        byte[] body = await console.ReadInputAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<MetricFamilySummary> families;
        try
        {
            families = TextFormatReader.Read(body);
        }
        catch (TextFormatException error)
        {
            throw new ToolException($"{(isLinting ? "error while linting" : "error while parsing text to metric families")}: {error.Message}", error);
        }

        int outcome = ExitCode.Success;
        if (isLinting)
        {
            foreach ((string metric, string problem) in families.SelectMany(family => MetricLint.Check(family).Select(problem => (family.Name, problem)))
                .OrderBy(found => found.Name, StringComparer.Ordinal).ThenBy(found => found.problem, StringComparer.Ordinal))
            {
                console.Error.WriteLine($"{metric} {problem}");
                outcome = ExitCode.Lint;
            }
        }

        if (isExtended)
        {
            PrintCardinality(families, console.Out);
        }

        return outcome;
    }

    private static void PrintCardinality(IReadOnlyList<MetricFamilySummary> families, TextWriter output)
    {
        int total = families.Sum(family => family.SeriesCount);
        var rows = new List<string[]> { s_titles };
        rows.AddRange(families.OrderByDescending(family => family.SeriesCount).Select(family => new[]
        {
            family.Name,
            family.SeriesCount.ToString(CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"{100.0 * family.SeriesCount / total:F2}%"),
        }));
        rows.Add(["Total", total.ToString(CultureInfo.InvariantCulture), "100%"]);
        int[] widths = [.. Enumerable.Range(0, 3).Select(column => rows.Max(row => row[column].Length) + CellPadding)];
        foreach (string[] row in rows)
        {
            output.WriteLine(string.Concat(row.Select((cell, column) => cell.PadRight(widths[column]))));
        }
    }
}
