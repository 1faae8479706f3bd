using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Templating.Tests;

public sealed class CorpusTests
{
    // As upstream's rules put it before the text of labels and annotations.
    private const string Definitions =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";

    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach ((string text, string result) in Corpus.Cases)
            {
                cases.Add(text, result);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_template_gives_its_result(string text, string result) => Assert.Equal(result, Expand(text));

    /// <summary>The same corpus as annotations of alerts in a unit test of rules: promtool compares its results with the corpus.</summary>
    [PeerFact]
    public void The_real_promtool_agrees_with_the_corpus()
    {
        string directory = Directory.CreateTempSubdirectory("narthex-templates-").FullName;
        try
        {
            // The peer is older than three of the functions and one ability.
            string[] newer = ["tmpl ", "toDuration", "urlQueryEscape", "parseDuration"];
            (string Text, string Result)[] cases = [.. Corpus.Cases.Where(test => test.Result[0] != '?' && !newer.Any(name => test.Text.Contains(name, StringComparison.Ordinal)))];
            var rules = new StringBuilder("groups:\n- name: g\n  rules:\n");
            var tests = new StringBuilder("rule_files: [rules.yml]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n  - series: 'm{job=\"api\",instance=\"host:9100\"}'\n    values: '12.5 12.5'\n  alert_rule_test:\n");
            foreach ((string text, string result, int i) in cases.Select((test, i) => (test.Text, test.Result, i)))
            {
                string expected = result[0] == '!' ? $"<error expanding template: error executing template __alert_T: {result[2..]}>" : result;
                rules.Append(CultureInfo.InvariantCulture, $"  - alert: T\n    expr: m\n    labels: {{n: c{i:000}}}\n    annotations: {{a: {JsonSerializer.Serialize(text)}}}\n");
                tests.Append(i == 0 ? "  - eval_time: 0m\n    alertname: T\n    exp_alerts:\n" : "");
                tests.Append(CultureInfo.InvariantCulture, $"    - exp_labels: {{n: c{i:000}, job: api, instance: 'host:9100'}}\n      exp_annotations: {{a: {JsonSerializer.Serialize(expected)}}}\n");
            }

            File.WriteAllText(Path.Combine(directory, "rules.yml"), rules.ToString());
            File.WriteAllText(Path.Combine(directory, "tests.yml"), tests.ToString());
            var start = new ProcessStartInfo(Path.Combine(RepositoryPaths.Peers!, "promtool"), ["test", "rules", "tests.yml"])
            {
                WorkingDirectory = directory,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process promtool = Process.Start(start)!;
            Task<string> errors = promtool.StandardError.ReadToEndAsync();
            string output = promtool.StandardOutput.ReadToEnd() + errors.Result;
            promtool.WaitForExit();
            Assert.True(promtool.ExitCode == 0, output);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Expand(string text)
    {
        var labels = new Dictionary<string, string> { ["job"] = "api", ["instance"] = "host:9100", ["__name__"] = "m" };
        var template = new PrometheusTemplate("__alert_T", Definitions + text, new AlertData(labels, 12.5), 0, Query, new Uri("http://localhost:9090"));
        try
        {
            return template.Expand();
        }
        catch (TemplateException error)
        {
            return error.Message.Replace("error executing template __alert_T: ", "! ", StringComparison.Ordinal)
                .Replace("error parsing template __alert_T: ", "? ", StringComparison.Ordinal);
        }
    }

    private static TemplateSample[] Query(string query) => query switch
    {
        "vector(1)" => [new TemplateSample(new Dictionary<string, string>(), 1)],
        "((" => throw new TemplateException("1:3: parse error: unclosed left parenthesis"),
        "vector(1) > 2" => [],
        "vector(3) > 2" => [new TemplateSample(new Dictionary<string, string>(), 3)],
        _ => [new TemplateSample(new Dictionary<string, string> { ["a"] = "b" }, 7)],
    };

    private sealed class AlertData(IReadOnlyDictionary<string, string> labels, double value) : ITemplateObject
    {
        public string TypeName => "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }";

        public bool TryGetMember(string name, out object? result)
        {
            result = name switch
            {
                "Labels" => labels,
                "ExternalLabels" => new Dictionary<string, string>(),
                "ExternalURL" => "",
                "Value" => value,
                _ => null,
            };
            return result is not null;
        }

        public string Print() => "{}";
    }
}
