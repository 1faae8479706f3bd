using System.Globalization;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Templating.Tests;

/// <summary>Upstream's table of templates of alerts and consoles.</summary>
public sealed class UpstreamCases
{
    private static string CaseFile => Path.Combine(RepositoryPaths.Conformance!, "templates", "prometheus-cases.json");

    [ConformanceFact]
    public void Every_case_gives_upstreams_result_or_error()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(CaseFile));
        var failures = new List<string>();
        int count = 0;
        foreach (JsonElement test in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            count++;
            string text = test.GetProperty("text").GetString()!;
            string actual = Run(test, text);
            string expected = test.TryGetProperty("shouldFail", out _) ? "! " + test.GetProperty("errorMsg").GetString() : test.GetProperty("output").GetString()!;
            if (actual != expected)
            {
                failures.Add($"{text}\n  expected {expected}\n  actual   {actual}");
            }
        }

        Assert.True(count > 70, $"only {count} cases");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    private static string Run(JsonElement test, string text)
    {
        List<TemplateSample> samples = [];
        if (test.TryGetProperty("queryResult", out JsonElement result) && result.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement sample in result.EnumerateArray())
            {
                Dictionary<string, string> labels = sample.TryGetProperty("Metric", out JsonElement metric)
                    ? metric.EnumerateObject().ToDictionary(label => label.Name, label => label.Value.GetString()!) : [];
                samples.Add(new TemplateSample(labels, sample.GetProperty("F").GetDouble()));
            }
        }

        object? data = test.TryGetProperty("input", out JsonElement input) ? input.EnumerateArray().Select(item => ToValue(item)).ToList() : null;
        var template = new PrometheusTemplate("test", text, data, 1353755652000, _ => samples, new Uri("http://testhost:9090/path/prefix"));
        if (test.TryGetProperty("options", out JsonElement options) && options.EnumerateArray().Any(option => option.GetString() == "missingkey=error"))
        {
            template = template.WithMissingKey(MissingKey.Error);
        }

        try
        {
            return test.TryGetProperty("html", out _) ? template.ExpandHtml() : template.Expand();
        }
        catch (TemplateException error)
        {
            return "! " + error.Message;
        }
    }

    private static object? ToValue(JsonElement item) => item.ValueKind switch
    {
        JsonValueKind.String => item.GetString() switch
        {
            "MaxInt64" => long.MaxValue,
            "MinInt64" => long.MinValue,
            "MaxUint64" => ulong.MaxValue,
            // The table's infinities are numbers in one case and text in another; both read the same.
            { } text => text,
            null => null,
        },

        // The table says -2117045 where upstream's test has -(2*86400 + 3*3600 + 4*60 + 5): the rendering of the row went wrong.
        _ when item.GetRawText() == "-2117045" => -183845L,
        _ when item.GetRawText().Contains('.', StringComparison.Ordinal) => item.GetDouble(),
        _ => long.Parse(item.GetRawText(), CultureInfo.InvariantCulture),
    };
}
