using System.Globalization;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Directories;

/// <summary>All that a server tells of its directory, as lines that can be compared.</summary>
internal sealed class DirectoryAnswers
{
    private const long StartSeconds = FullDirectory.StartMs / 1000;
    private const long EndSeconds = StartSeconds + (FullDirectory.Minutes * 60);

    private static readonly string[] s_names =
    [
        "full_requests_total", "full_special", "full_stale", "full_gone", "full_integers", "full_floats", "full_custom", "full_gauge", "full_stale_histogram", "full_mixed",
        "late_values", "late_histograms", "late_custom", "late_mixed",
    ];

    private readonly List<(string Question, SortedDictionary<string, string> Lines)> _answers = [];

    /// <summary>Asks everything: first each sample as it is stored, then what is seen through the other parts of the API.</summary>
    public static async Task<DirectoryAnswers> AskAsync(ServerProcess server)
    {
        var answers = new DirectoryAnswers();
        foreach (string name in s_names)
        {
            await answers.AddAsync(server, $"query?query={name}[6h]&time={EndSeconds}");
            await answers.AddAsync(server, $"query_range?query={name}&start={StartSeconds}&end={EndSeconds}&step=37");
        }

        string range = $"start={StartSeconds}&end={EndSeconds}";

        // A series that is deleted whole is still listed by the real one as long as it has an open chunk, which to it goes on for ever.
        string all = Uri.EscapeDataString("{__name__=~\".+\",__name__!=\"full_gone\"}");
        await answers.AddAsync(server, $"query_exemplars?query=full_requests_total&start={EndSeconds - (40 * 60)}&end={EndSeconds}");
        await answers.AddAsync(server, $"series?match[]={all}&{range}");
        await answers.AddAsync(server, $"series?match[]={all}&start={EndSeconds - 600}&end={EndSeconds}");
        await answers.AddAsync(server, $"labels?{range}");
        await answers.AddAsync(server, $"label/__name__/values?{range}");
        await answers.AddAsync(server, $"label/code/values?match[]=full_requests_total&{range}");
        await answers.AddAsync(server, "status/tsdb?limit=100");
        return answers;
    }

    /// <summary>Fails, and shows the first differences, unless the other one tells the same.</summary>
    public void AssertSame(DirectoryAnswers other, string context)
    {
        for (int i = 0; i < _answers.Count; i++)
        {
            (string question, SortedDictionary<string, string> expected) = _answers[i];
            SortedDictionary<string, string> actual = other._answers[i].Lines;
            string[] differences =
            [
                .. expected.Where(line => !actual.TryGetValue(line.Key, out string? value) || value != line.Value)
                    .Select(line => $"{line.Key}\n  expected {line.Value}\n  got      {actual.GetValueOrDefault(line.Key, "nothing")}"),
                .. actual.Where(line => !expected.ContainsKey(line.Key)).Select(line => $"{line.Key}\n  expected nothing\n  got      {line.Value}"),
            ];
            Assert.True(differences.Length == 0, $"{context}: {question}: {differences.Length} differences, {expected.Count} expected\n{string.Join("\n", differences.Take(6))}");
        }
    }

    /// <summary>Fails unless there was something to compare in every answer but those about what was deleted.</summary>
    public void AssertNotEmpty()
    {
        foreach ((string question, SortedDictionary<string, string> lines) in _answers)
        {
            bool isDeleted = question.Contains("=full_gone", StringComparison.Ordinal);
            Assert.True(isDeleted || lines.Count > 0, $"{question}: nothing");
        }

        Assert.True(_answers.Sum(answer => answer.Lines.Count) > 10 * FullDirectory.Minutes);
    }

    /// <summary>How many samples of each name are stored, less the staleness markers, which queries do not tell.</summary>
    public SortedDictionary<string, int> SampleCounts() => new(
        s_names.Where(name => !name.Contains("stale", StringComparison.Ordinal)).ToDictionary(
            name => name, name => _answers.Single(answer => answer.Question.StartsWith($"query?query={name}[", StringComparison.Ordinal)).Lines.Count),
        StringComparer.Ordinal);

    private async Task AddAsync(ServerProcess server, string question)
    {
        string answer = await server.GetAsync("api/v1/" + question);
        using JsonDocument document = JsonDocument.Parse(answer);
        Assert.True(document.RootElement.GetProperty("status").GetString() == "success", $"{question}: {answer}");
        JsonElement data = document.RootElement.GetProperty("data");
        var lines = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("result", out JsonElement result))
        {
            AddSamples(lines, result);
        }
        else
        {
            AddParts(lines, "", data);
        }

        _answers.Add((question, lines));
    }

    // One line for each sample, histograms with all of their buckets.
    private static void AddSamples(SortedDictionary<string, string> lines, JsonElement result)
    {
        foreach (JsonElement series in result.EnumerateArray())
        {
            string labels = Text(series.GetProperty("metric"));
            foreach (string kind in (string[])["values", "histograms"])
            {
                if (series.TryGetProperty(kind, out JsonElement samples))
                {
                    foreach (JsonElement sample in samples.EnumerateArray())
                    {
                        lines.Add($"{labels} {kind} {sample[0].GetRawText()}", Text(sample[1]));
                    }
                }
            }
        }
    }

    // Arrays are sets here: their order is not part of the answer.
    private static void AddParts(SortedDictionary<string, string> lines, string path, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when element.EnumerateObject().Any(property => property.Value.ValueKind is JsonValueKind.Array or JsonValueKind.Object):
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    AddParts(lines, $"{path}.{property.Name}", property.Value);
                }

                break;
            case JsonValueKind.Object when path.EndsWith("headStats", StringComparison.Ordinal):
                // The real one subtracts chunks out of order without having counted them, and gets below zero.
                foreach (JsonProperty property in element.EnumerateObject().Where(property => property.Name != "chunkCount"))
                {
                    lines.Add($"{path}.{property.Name}", Text(property.Value));
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement one in element.EnumerateArray())
                {
                    lines.Add($"{path} {Text(one)}", "");
                }

                break;
            default:
                lines.Add(path, Text(element));
                break;
        }
    }

    private static string Text(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => string.Create(
            CultureInfo.InvariantCulture,
            $"{{{string.Join(",", element.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal).Select(property => property.Name + ":" + Text(property.Value)))}}}"),
        JsonValueKind.Array => $"[{string.Join(",", element.EnumerateArray().Select(Text))}]",
        _ => element.GetRawText(),
    };
}
