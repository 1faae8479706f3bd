using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Makes series of which queries find something: read off the selectors, groupings and matchings of the queries themselves.</summary>
/// <remarks>
/// A metric gets all labels that any query over it names. Where a query asks for a value, some series have it; otherwise a label L is L-a or L-b,
/// so that metrics join. What the series do, hash-like numbers decide, the same ones each time.
/// </remarks>
internal sealed partial class DashboardData
{
    private const int StepSeconds = 30;
    private const int SeriesPerMetricMax = 12;
    private static readonly string[] s_bounds = ["0.01", "0.1", "1", "10", "+Inf"];

    private readonly Dictionary<string, Metric> _metrics = new(StringComparer.Ordinal);

    /// <summary>Notes what a query reads, from its tree as <c>parse_query</c> returns it.</summary>
    public void Add(JsonElement tree)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var selectors = new List<JsonElement>();
        Collect(tree, names, selectors);
        foreach (JsonElement selector in selectors)
        {
            var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
            string name = "";
            foreach (JsonElement matcher in selector.GetProperty("matchers").EnumerateArray())
            {
                string label = matcher.GetProperty("name").GetString()!;
                string value = matcher.GetProperty("value").GetString()!;
                string type = matcher.GetProperty("type").GetString()!;
                if (label == "__name__")
                {
                    name = Example(type, value) ?? "";
                }
                else if (Example(type, value) is { } example)
                {
                    wanted[label] = example;
                }
                else
                {
                    names.Add(label);
                }
            }

            if (name.Length > 0)
            {
                if (!_metrics.TryGetValue(name, out Metric? metric))
                {
                    _metrics.Add(name, metric = new Metric(name));
                }

                metric.Wanted.Add(wanted);
                metric.Names.UnionWith(names);
                metric.Names.UnionWith(wanted.Keys);
            }
        }
    }

    /// <summary>The series of all metrics over an hour.</summary>
    public IReadOnlyList<RemoteWriteClient.Series> Create(long startSeconds) =>
        [.. _metrics.Values.OrderBy(metric => metric.Name, StringComparer.Ordinal).SelectMany(metric => Create(metric, startSeconds))];

    private static IEnumerable<RemoteWriteClient.Series> Create(Metric metric, long startSeconds)
    {
        var sets = new Dictionary<string, SortedDictionary<string, string>>(StringComparer.Ordinal);
        foreach (Dictionary<string, string> wanted in metric.Wanted)
        {
            foreach (string variant in (string[])["a", "b"])
            {
                var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
                foreach (string name in metric.Names)
                {
                    string value = wanted.GetValueOrDefault(name, $"{name}-{variant}");
                    if (value.Length > 0 && name != "le")
                    {
                        labels[name] = value;
                    }
                }

                if (sets.Count < SeriesPerMetricMax)
                {
                    sets.TryAdd(string.Join(',', labels), labels);
                }
            }
        }

        int number = 0;
        foreach (SortedDictionary<string, string> labels in sets.Values)
        {
            number++;
            bool isBucket = metric.Name.EndsWith("_bucket", StringComparison.Ordinal);
            for (int bound = 0; bound < (isBucket ? s_bounds.Length : 1); bound++)
            {
                (string, string)[] all = [("__name__", metric.Name), .. labels.Select(label => (label.Key, label.Value)), .. isBucket ? [("le", s_bounds[bound])] : Array.Empty<(string, string)>()];
                int slope = (bound + 1) * (number + metric.Name.Length);
                yield return new RemoteWriteClient.Series(
                    [.. all.OrderBy(label => label.Item1, StringComparer.Ordinal)],
                    [.. Enumerable.Range(0, 3600 / StepSeconds).Select(step => ((startSeconds + (step * StepSeconds)) * 1000, Value(metric.Name, step, slope)))]);
            }
        }
    }

    private static double Value(string name, int step, int slope) =>
        IsInformation().IsMatch(name) ? 1
        : IsCounter().IsMatch(name) ? step % 97 * slope * 1.25
        : slope + (step * 7919 % 101 / 8.0);

    // A value that fulfils a matcher; null if any ordinary value does.
    private static string? Example(string type, string value)
    {
        if (type == "=")
        {
            return value;
        }

        if (type != "=~" || value.Length == 0)
        {
            return null;
        }

        var regex = new Regex("^(?:" + value + ")$");
        string first = value.Trim('(', ')').Split('|')[0];
        foreach (string candidate in (string[])[first, Wildcard().Replace(first, "x").Replace("\\.", ".", StringComparison.Ordinal), Wildcard().Replace(first, "").Replace("\\", "", StringComparison.Ordinal), "5", "500"])
        {
            if (regex.IsMatch(candidate) && !candidate.Contains('*', StringComparison.Ordinal))
            {
                return regex.IsMatch("label-a") ? null : candidate;
            }
        }

        return null;
    }

    private static void Collect(JsonElement node, HashSet<string> names, List<JsonElement> selectors)
    {
        if (node.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement element in node.EnumerateArray())
            {
                Collect(element, names, selectors);
            }
        }
        else if (node.ValueKind == JsonValueKind.Object)
        {
            if (node.TryGetProperty("matchers", out _))
            {
                selectors.Add(node);
                return;
            }

            foreach (JsonProperty property in node.EnumerateObject())
            {
                if (property.Name is "grouping" or "labels" or "include" && property.Value.ValueKind == JsonValueKind.Array)
                {
                    names.UnionWith(property.Value.EnumerateArray().Select(name => name.GetString()!));
                }
                else
                {
                    Collect(property.Value, names, selectors);
                }
            }
        }
    }

    [GeneratedRegex(@"\.[*+]|\[[^\]]*\][*+]?|\?")]
    private static partial Regex Wildcard();

    [GeneratedRegex("_info$|_owner$|_labels$|^up$|_status|_condition")]
    private static partial Regex IsInformation();

    [GeneratedRegex("_total$|_count$|_sum$|_bucket$|_seconds$")]
    private static partial Regex IsCounter();

    private sealed record Metric(string Name)
    {
        public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

        public List<Dictionary<string, string>> Wanted { get; } = [];
    }
}
