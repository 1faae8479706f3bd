using System.Globalization;
using System.Text;
using Narthex.CommandLine;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Promtool.Checking;

/// <summary><c>promtool check metrics</c>: checks an exposition on standard input.</summary>
internal static class MetricsCheck
{
    private const int CellPadding = 4;

    private static readonly string[] s_titles = ["Metric", "Cardinality", "Percentage"];

    public static async Task<int> RunAsync(Invocation invocation, ToolConsole console, CancellationToken cancellationToken)
    {
        byte[] body = await console.ReadInputAsync(cancellationToken).ConfigureAwait(false);
        List<MetricFamilySummary> families;
        try
        {
            families = MetricFamilySummary.Read(body);
        }
        catch (ExpositionException error)
        {
            throw new ToolException($"error while linting: text format parsing error: {error.Message}", error);
        }

        int outcome = ExitCode.Success;
        if (invocation.Flags.Get("lint") != "none")
        {
            foreach ((string metric, string problem) in families.SelectMany(family => MetricLint.Check(family).Select(problem => (family.Name, problem)))
                .OrderBy(found => found.Name, StringComparer.Ordinal).ThenBy(found => found.problem, StringComparer.Ordinal))
            {
                console.Error.WriteLine($"{metric} {problem}");
                outcome = ExitCode.Lint;
            }
        }

        if (invocation.Flags.IsOn("extended"))
        {
            PrintCardinality(families, console.Out);
        }

        return outcome;
    }

    private static void PrintCardinality(List<MetricFamilySummary> families, TextWriter output)
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

/// <summary>What an exposition says of one metric family.</summary>
internal sealed class MetricFamilySummary(string name)
{
    public string Name { get; } = name;

    public MetricType Type { get; private set; } = MetricType.Unknown;

    public bool HasHelp { get; private set; }

    public int SeriesCount { get; private set; }

    public HashSet<string> LabelNames { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether a series is there twice.</summary>
    public bool HasDuplicates { get; private set; }

    /// <summary>Reads a body.</summary>
    /// <exception cref="ExpositionException">It is malformed.</exception>
    public static List<MetricFamilySummary> Read(ReadOnlySpan<byte> body)
    {
        var families = new Dictionary<string, MetricFamilySummary>(StringComparer.Ordinal);
        var seen = new HashSet<Labels>();
        var builder = new LabelsBuilder();
        var parser = new PrometheusTextParser(body);
        while (true)
        {
            switch (parser.Next())
            {
                case EntryKind.End:
                    return [.. families.Values.Where(family => family.SeriesCount > 0)];
                case EntryKind.Type:
                    Get(families, Encoding.UTF8.GetString(parser.FamilyName)).Type = parser.MetricType;
                    break;
                case EntryKind.Help:
                    Get(families, Encoding.UTF8.GetString(parser.FamilyName)).HasHelp = true;
                    break;
                case EntryKind.Series:
                    builder.Reset();
                    parser.ParseLabels(builder);
                    Labels labels = builder.ToLabels();
                    MetricFamilySummary family = FamilyOf(families, labels.MetricName);
                    family.SeriesCount++;
                    family.HasDuplicates |= !seen.Add(labels);
                    foreach (LabelPair label in labels)
                    {
                        family.LabelNames.Add(Encoding.UTF8.GetString(label.Name));
                    }

                    break;
            }
        }
    }

    private static MetricFamilySummary FamilyOf(Dictionary<string, MetricFamilySummary> families, string sample)
    {
        foreach (string suffix in new[] { "_count", "_sum", "_bucket" })
        {
            if (sample.EndsWith(suffix, StringComparison.Ordinal)
                && families.TryGetValue(sample[..^suffix.Length], out MetricFamilySummary? whole)
                && (whole.Type == MetricType.Histogram || (whole.Type == MetricType.Summary && suffix != "_bucket")))
            {
                return whole;
            }
        }

        return Get(families, sample);
    }

    private static MetricFamilySummary Get(Dictionary<string, MetricFamilySummary> families, string name)
    {
        if (!families.TryGetValue(name, out MetricFamilySummary? family))
        {
            families.Add(name, family = new MetricFamilySummary(name));
        }

        return family;
    }
}
