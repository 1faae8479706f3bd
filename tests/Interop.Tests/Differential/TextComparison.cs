using System.Collections.Concurrent;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Differential;

/// <summary>Whether both servers read the text of queries alike: the tree, the printed form, or the error; and whether ours reads what it prints.</summary>
internal static partial class TextComparison
{
    private static readonly JsonSerializerOptions s_readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const string Parse = "api/v1/parse_query";
    private const string Format = "api/v1/format_query";

    /// <summary>The differences.</summary>
    public static async Task<IReadOnlyCollection<string>> CompareAsync(ServerPair servers, IEnumerable<string> queries)
    {
        var differences = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(queries, new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (query, _) =>
        {
            foreach (string path in (string[])[Parse, Format])
            {
                JsonElement[] answers = await Task.WhenAll(servers.AskAboutTextAsync(servers.Real, path, query), servers.AskAboutTextAsync(servers.Ours, path, query));
                (string expected, string actual) = (NewerAnswers.ParserText(Canonical(answers[0])), Canonical(answers[1]));
                if (expected != actual && !IsKnown(path, query, actual))
                {
                    differences.Add($"{path} of {query}\n    expected {expected}\n    got      {actual}");
                }
                else if (path == Format && answers[1].TryGetProperty("data", out JsonElement printed) && await ReadAgainAsync(servers, query, printed.GetString()!) is { } difference)
                {
                    differences.Add(difference);
                }
            }
        });
        return differences;
    }

    // The peer prints "ignoring () group_left" as nothing, and quotes no label that has to be quoted: what it prints is another query, or none. Ours reads what it prints.
    private static bool IsKnown(string path, string query, string actual) =>
        path == Format && (actual.Contains("ignoring () group_", StringComparison.Ordinal) || QuotedLabel().IsMatch(actual));

    // What is printed is the same query, and printed the same again. The sign of infinity may be a plus before a number when it is read.
    private static async Task<string?> ReadAgainAsync(ServerPair servers, string query, string printed)
    {
        if (printed.Contains("+Inf", StringComparison.Ordinal))
        {
            return null;
        }

        string tree = Canonical(await servers.AskAboutTextAsync(servers.Ours, Parse, query));
        string treeOfPrinted = Canonical(await servers.AskAboutTextAsync(servers.Ours, Parse, printed));
        if (tree != treeOfPrinted)
        {
            return $"tree of what is printed of {query}\n    expected {tree}\n    got      {treeOfPrinted}";
        }

        JsonElement again = await servers.AskAboutTextAsync(servers.Ours, Format, printed);
        return again.GetProperty("data").GetString() == printed ? null : $"printed again: {query}\n    expected {printed}\n    got      {again}";
    }

    // Printing brings matchers into an order of their own.
    private static IEnumerable<JsonElement> Sorted(JsonElement array) =>
        array.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object && item.TryGetProperty("value", out _) && item.TryGetProperty("name", out _))
            ? array.EnumerateArray().OrderBy(Canonical, StringComparer.Ordinal)
            : array.EnumerateArray();

    [GeneratedRegex("(on|ignoring|group_left|group_right) \\([^)]*\\\\\"")]
    private static partial Regex QuotedLabel();

    // Members of an object in one order.
    private static string Canonical(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => $"{{{string.Join(',', element.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal).Select(member => $"{member.Name}:{Canonical(member.Value)}"))}}}",
        JsonValueKind.Array => $"[{string.Join(',', Sorted(element).Select(Canonical))}]",
        JsonValueKind.String => JsonSerializer.Serialize(element.GetString(), s_readable),
        _ => element.GetRawText(),
    };
}
