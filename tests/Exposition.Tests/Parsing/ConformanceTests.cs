using System.Text;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Exposition.Tests;

public class ConformanceTests
{
    [ConformanceFact]
    public void Text_errors_are_worded_as_upstream_words_them()
    {
        List<JsonElement> cases = Parse.Cases("textformat/prom-error-cases.json");
        Assert.Empty(Mismatches(cases, Parse.Text, expectedSuccess: ""));
    }

    [ConformanceFact]
    public void OpenMetrics_errors_are_worded_as_upstream_words_them()
    {
        List<JsonElement> cases = Parse.Cases("openmetrics/om-error-cases.json");
        Assert.Empty(Mismatches(cases, Parse.OpenMetrics, expectedSuccess: "EOF"));
    }

    [ConformanceTheory]
    [InlineData("alltypes.237mfs.prom.txt", 237)]
    [InlineData("alltypes.237mfs.nometa.prom.txt", 0)]
    [InlineData("alltypes.5mfs.om.txt", 5)]
    [InlineData("1histogram.om.txt", 1)]
    public void Real_expositions_parse_to_the_end(string file, int families)
    {
        byte[] body = File.ReadAllBytes(Parse.ConformancePath("textformat/textparse/" + file));
        List<string> lines = file.Contains(".om.", StringComparison.Ordinal) ? Parse.OpenMetrics(body) : Parse.Text(body);
        Assert.Equal(families, lines.Count(line => line.StartsWith("type ", StringComparison.Ordinal)));

        // A line that is no comment is a sample in these files.
        int samples = Encoding.UTF8.GetString(body).Split('\n').Count(line => line.Length > 0 && line[0] != '#');
        Assert.Equal(samples, lines.Count(line => line[0] == '{'));
    }

    [ConformanceFact]
    public void Inputs_of_the_text_fuzzers_parse_or_are_refused_as_their_names_say()
    {
        foreach (string path in Directory.GetFiles(Parse.ConformancePath("textformat/expfmt-corpus")))
        {
            string? error = Parse.Error(Parse.Text, File.ReadAllBytes(path));
            if (path.EndsWith("from_test_parse_3", StringComparison.Ordinal))
            {
                // Made for another parser: the scrape parser of a real Prometheus refuses negative timestamps.
                Assert.Equal("expected timestamp or new record, got \"-\" (\"INVALID\") while parsing: \"decoy -1 -\"", error);
                continue;
            }

            if (!Path.GetFileName(path).Contains("error", StringComparison.Ordinal) && !path.EndsWith("minimal", StringComparison.Ordinal))
            {
                Assert.True(error is null, Path.GetFileName(path) + ": " + error);
            }
        }

        Assert.Null(Parse.Error(Parse.Text, File.ReadAllBytes(Parse.ConformancePath("textformat/expfmt/text"))));
    }

    [ConformanceFact]
    public void Whatever_the_OpenMetrics_suite_says_is_valid_parses()
    {
        var failures = new List<string>();
        int valid = 0;
        foreach (string folder in Directory.GetDirectories(Parse.ConformancePath("openmetrics/parsers")))
        {
            using JsonDocument test = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "test.json")));
            if (test.RootElement.GetProperty("shouldParse").GetBoolean())
            {
                valid++;
                string? error = Parse.Error(Parse.OpenMetrics, File.ReadAllBytes(Path.Combine(folder, "metrics")));
                if (error is not null)
                {
                    failures.Add(Path.GetFileName(folder) + ": " + error);
                }
            }
        }

        Assert.Equal(44, valid);
        Assert.Empty(failures);
    }

    private static List<string> Mismatches(List<JsonElement> cases, Func<byte[], List<string>> parse, string expectedSuccess)
    {
        Assert.True(cases.Count > 20);
        var mismatches = new List<string>();
        foreach (JsonElement row in cases)
        {
            string expected = Parse.String(row, "err");
            string? actual = Parse.Error(parse, Parse.Bytes(row, "input"));
            if (expected == expectedSuccess || expected.Length == 0 ? actual is not null : actual != expected)
            {
                mismatches.Add($"{row.GetProperty("input")}\n  expected {expected}\n  actual   {actual}");
            }
        }

        return mismatches;
    }
}
