using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>What the dashboards of well-known mixins ask, with their variables filled in.</summary>
internal static partial class DashboardQueries
{
    /// <summary>Each query once. A variable stands for one of the two values that <see cref="DashboardData"/> gives to labels of its name.</summary>
    public static IReadOnlyList<string> Read()
    {
        var queries = new List<string>();
        foreach (string line in File.ReadLines(Path.Combine(RepositoryPaths.Conformance!, "mixins", "dashboard-queries.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string query = document.RootElement.GetProperty("query").GetString()!;
            query = Duration().Replace(query, "5m");
            queries.Add(Variable().Replace(query, match => match.Groups["name"].Value + "-a"));
        }

        return [.. queries.Distinct(StringComparer.Ordinal)];
    }

    [GeneratedRegex(@"\$\{?(__rate_interval|__interval|__range|interval|resolution)(:[a-z]+)?\}?")]
    private static partial Regex Duration();

    // $1 belongs to label_replace.
    [GeneratedRegex(@"\$\{?(?<name>[a-zA-Z_]+)(:[a-z]+)?\}?")]
    private static partial Regex Variable();
}
