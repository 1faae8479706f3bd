using System.Globalization;
using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.RuleTests;

/// <summary>Reads files of unit tests of rules: strict about keys and kinds of values.</summary>
public static class RuleTestReader
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigurationException">It cannot be read, or is not of the right form.</exception>
    public static RuleTestFile ReadFile(string path, bool ignoreUnknownKeys = false) => Read(ConfigurationLoader.ReadFile(path), ignoreUnknownKeys);

    /// <summary>Reads a text.</summary>
    /// <exception cref="ConfigurationException">It is not of the right form.</exception>
    public static RuleTestFile Read(string yamlText, bool ignoreUnknownKeys = false)
    {
        var context = new LoadContext("", new ConfigurationLoadOptions { IgnoreUnknownKeys = ignoreUnknownKeys });
        var section = new SectionReader(YamlTreeReader.Read(yamlText), "main.unitTestFile", context);
        TimeSpan interval = section.Duration("evaluation_interval");
        var file = new RuleTestFile
        {
            RuleFiles = section.Texts("rule_files"),
            EvaluationInterval = interval > TimeSpan.Zero ? interval : TimeSpan.FromMinutes(1),
            GroupEvaluationOrder = section.Texts("group_eval_order"),
            FuzzyCompare = section.Flag("fuzzy_compare"),
            Tests = section.List("tests", "[]main.testGroup", ReadTest),
        };
        section.Finish();
        context.ThrowIfFaulty();
        return file;
    }

    private static RuleTest ReadTest(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "main.testGroup", context);
        TimeSpan interval = section.Duration("interval");
        var test = new RuleTest
        {
            Name = section.Text("name"),
            Interval = interval > TimeSpan.Zero ? interval : null,
            StartMs = ReadStart(section.Text("start_timestamp")),
            InputSeries = section.List("input_series", "[]main.series", ReadSeries),
            Alerts = section.List("alert_rule_test", "[]main.alertTestCase", ReadAlertTest),
            Queries = section.List("promql_expr_test", "[]main.promqlTestCase", ReadQueryTest),
            ExternalLabels = section.TextMap("external_labels"),
            ExternalUrl = section.Text("external_url"),
        };
        section.Finish();
        return test;
    }

    private static RuleTestSeries ReadSeries(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "main.series", context);
        var series = new RuleTestSeries(section.Text("series"), section.Text("values"));
        section.Finish();
        return series;
    }

    private static AlertExpectation ReadAlertTest(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "main.alertTestCase", context);
        var test = new AlertExpectation(section.Duration("eval_time"), section.Text("alertname"), section.List("exp_alerts", "[]main.alert", ReadAlert));
        section.Finish();
        return test;
    }

    private static ExpectedAlert ReadAlert(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "main.alert", context);
        var alert = new ExpectedAlert(section.TextMap("exp_labels"), section.TextMap("exp_annotations"));
        section.Finish();
        return alert;
    }

    private static QueryExpectation ReadQueryTest(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "main.promqlTestCase", context);
        var test = new QueryExpectation(section.Text("expr"), section.Duration("eval_time"), section.List("exp_samples", "[]main.sample", ReadSample));
        section.Finish();
        return test;
    }

    private static ExpectedSample ReadSample(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "main.sample", context);
        var sample = new ExpectedSample(section.Text("labels"), section.Number("value"), section.Text("histogram"));
        section.Finish();
        return sample;
    }

    private static long ReadStart(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && double.IsFinite(seconds))
        {
            return (long)Math.Round(seconds * 1000);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time.ToUnixTimeMilliseconds()
            : throw new ConfigurationException($"time value '{text}' is neither a Unix timestamp nor in RFC 3339 format");
    }
}
