using Narthex.Tests;

namespace Narthex.Promtool.Tests;

public class RuleTestTests
{
    private static string Files => Path.Combine(RepositoryPaths.Conformance!, "config", "promtool");

    [ConformanceTheory]
    [InlineData("unittest.yml", 0)]
    [InlineData("no-test-group-interval.yml", 0)]
    [InlineData("start-time-test.yml", 0)]
    [InlineData("failing.yml", 1)]
    [InlineData("bad-rules-error-test.yml", 1)]
    [InlineData("rules_run.yml", 1)]
    [InlineData("rules_run_extrafields.yml", 1)]
    public async Task Upstreams_files_get_upstreams_verdict(string file, int expected)
    {
        (int code, string output, string error) = await Tool.RunAsync("", "test", "rules", Path.Combine(Files, file));

        Assert.True(expected == code, output + error);
    }

    [ConformanceFact]
    public async Task Failures_are_told_in_upstreams_words()
    {
        (_, string output, string error) = await Tool.RunAsync("", "test", "rules", Path.Combine(Files, "failing.yml"));

        Assert.Equal("\n\n\n\n\n", output);
        Assert.StartsWith(
            """
              FAILED:
                name: Failing test,
                alertname: Test, time: 0s, 
                    exp:[
                        0:
                          Labels:{alertname="Test"}
                          Annotations:{}
                        ], 
                    got:[]
                expr: "test", time: 0s,
                    exp: {__name__="test"} 1E+00
                    got: {__name__="test"} 0E+00

            """,
            error,
            StringComparison.Ordinal);
        Assert.Contains("Annotations:{description=\" of job test has been down for more than 5 minutes.\", summary=\"Instance  down\"}", error, StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task Run_takes_only_tests_whose_name_matches()
    {
        (int code, _, _) = await Tool.RunAsync("", "test", "rules", "--run=correct", Path.Combine(Files, "rules_run.yml"));

        Assert.Equal(0, code);
    }

    // What the real promtool shows of these histograms, two minutes after the first of them.
    [Theory]
    [InlineData("{{}}x3", "h", "{__name__=\"h\"} {{counter_reset_hint:not_reset}}")]
    [InlineData("{{count:1 sum:2}}x3", "h", "{__name__=\"h\"} {{count:1 sum:2 counter_reset_hint:not_reset}}")]
    [InlineData("{{schema:-4 sum:NaN count:3 buckets:[1 2]}}x3", "h", "{__name__=\"h\"} {{schema:-4 count:3 sum:NaN counter_reset_hint:not_reset buckets:[1 2]}}")]
    [InlineData(
        "{{schema:1 sum:-0.3 count:32.1 z_bucket:7.1 z_bucket_w:0.05 buckets:[5.1 10 7] offset:-3 n_buckets:[4.1 5] n_offset:-5}}x3",
        "h",
        "{__name__=\"h\"} {{schema:1 count:32.1 sum:-0.3 z_bucket:7.1 z_bucket_w:0.05 counter_reset_hint:not_reset offset:-3 buckets:[5.1 10 7] n_offset:-5 n_buckets:[4.1 5]}}")]
    [InlineData("{{count:3 sum:1e100 buckets:[1 0 0 0 2]}}x3", "h", "{__name__=\"h\"} {{count:3 sum:1e+100 counter_reset_hint:not_reset buckets:[1 0 0 0 2]}}")]
    [InlineData("{{count:1e7 sum:1.5e-9 buckets:[0 0 1]}}x3", "h", "{__name__=\"h\"} {{count:1e+07 sum:1.5e-09 counter_reset_hint:not_reset offset:2 buckets:[1]}}")]
    [InlineData("{{n_buckets:[0 1 0 2] count:3}}x3", "h", "{__name__=\"h\"} {{count:3 counter_reset_hint:not_reset n_offset:1 n_buckets:[1 0 2]}}")]
    [InlineData(
        "{{schema:-53 sum:5 count:4 custom_values:[5 10] buckets:[1 2 1]}}x3", "h", "{__name__=\"h\"} {{schema:-53 count:4 sum:5 custom_values:[5 10] counter_reset_hint:not_reset buckets:[1 2 1]}}")]
    [InlineData("{{counter_reset_hint:gauge count:3 buckets:[3]}}x3", "h", "{__name__=\"h\"} {{count:3 counter_reset_hint:gauge buckets:[3]}}")]
    [InlineData("{{count:3 buckets:[3]}} {{count:1 buckets:[1]}} {{count:1 buckets:[1]}}", "h", "{__name__=\"h\"} {{count:1 counter_reset_hint:not_reset buckets:[1]}}")]
    [InlineData("{{count:3 buckets:[3]}} {{count:1 buckets:[1]}}", "h", "{__name__=\"h\"} {{count:1 buckets:[1]}}")]
    [InlineData("{{schema:1 count:4 buckets:[4]}}+{{schema:1 count:1 buckets:[1]}}x3", "increase(h[2m])", "{} {{schema:1 count:2 counter_reset_hint:gauge buckets:[2]}}")]
    public async Task Native_histograms_are_compared_and_shown_in_the_notation_of_tests(string values, string query, string shown)
    {
        using var directory = new TemporaryFiles();
        string wrong = directory.Write("wrong.yml", TestOf(values, query, "{{count:99}}"));
        string labels = shown[..(shown.IndexOf('}', StringComparison.Ordinal) + 1)];
        string right = directory.Write("right.yml", TestOf(values, query, shown[(labels.Length + 1)..], labels));

        (int code, _, string error) = await Tool.RunAsync("", "test", "rules", wrong);
        Assert.Equal($"  FAILED:\n    expr: \"{query}\", time: 2m,\n        exp: {{}} {{{{count:99}}}}\n        got: {shown}\n", error);
        Assert.Equal(1, code);

        // What is shown is what can be expected.
        (code, _, error) = await Tool.RunAsync("", "test", "rules", right);
        Assert.Equal((0, ""), (code, error));
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_one_errored_case_of_the_report()
    {
        using var directory = new TemporaryFiles();
        string file = directory.Write("bad.yml", "foo: 1\n");
        string report = directory.Combine("report.xml");

        (int code, _, _) = await Tool.RunAsync("", "test", "--junit", report, "rules", file);

        Assert.Equal(1, code);
        string text = await File.ReadAllTextAsync(report);
        Assert.StartsWith($"<testsuites><testsuite name=\"{file}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\"", text, StringComparison.Ordinal);
        Assert.EndsWith(
            "><testcase name=\"unknown\"><error>yaml: unmarshal errors:&#xA;  line 1: field foo not found in type main.unitTestFile</error></testcase></testsuite></testsuites>", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Debug_prints_all_series_at_the_end_of_each_test()
    {
        using var directory = new TemporaryFiles();
        string file = directory.Write("test.yml", """
            tests:
            - interval: 1m
              name: t
              input_series:
              - {series: 'a{x="1"}', values: '1 2 stale'}
              promql_expr_test:
              - {expr: 'a', eval_time: 2m}

            """);

        (_, string output, _) = await Tool.RunAsync("", "test", "rules", "--debug", file);

        Assert.StartsWith(
            "DEBUG: Starting test t\nDEBUG: Dump of all data (input_series and rules) at 2m1s:\n{__name__=\"a\", x=\"1\"} =>\n1 @[0]\n2 @[60000]\nDEBUG: Test t finished, took ",
            output,
            StringComparison.Ordinal);
    }

    private static string TestOf(string values, string query, string histogram, string labels = "") => $$"""
        tests:
        - interval: 1m
          input_series:
          - {series: 'h', values: '{{values}}'}
          promql_expr_test: [{expr: '{{query}}', eval_time: 2m, exp_samples: [{labels: '{{labels}}', histogram: '{{histogram}}'}]}]

        """;
}
