namespace Narthex.Promtool.Tests;

public class MetricsCheckTests
{
    // What the real promtool 3.5 says of this text.
    [Fact]
    public async Task Problems_are_those_that_the_real_promtool_finds()
    {
        const string Metrics = """
            # TYPE foo counter
            foo 1
            # TYPE bar_total gauge
            bar_total{lE="a"} 2
            # HELP x_milliseconds q
            # TYPE x_milliseconds gauge
            x_milliseconds 4
            # TYPE camelCase gauge
            # HELP camelCase d
            camelCase 3
            # HELP gauge_gauge x
            # TYPE gauge_gauge gauge
            gauge_gauge{quantile="1"} 3
            foo:bar 3
            unt_count 3
            # HELP h h
            # TYPE h histogram
            h_bucket{le="1"} 1
            h_bucket{le="+Inf"} 1
            h_sum 1
            h_count 1

            """;
        string[] expected =
        [
            "bar_total label names should be written in 'snake_case' not 'camelCase'",
            "bar_total no help text",
            "bar_total non-counter metrics should not have \"_total\" suffix",
            "camelCase metric names should be written in 'snake_case' not 'camelCase'",
            "foo counter metrics should have \"_total\" suffix",
            "foo no help text",
            "foo:bar metric names should not contain ':'",
            "foo:bar no help text",
            "gauge_gauge metric name should not include type 'gauge'",
            "gauge_gauge non-summary metrics should not have \"quantile\" label",
            "unt_count no help text",
            "x_milliseconds use base unit \"seconds\" instead of \"milliseconds\"",
        ];

        (int code, string output, string error) = await Tool.RunAsync(Metrics, "check", "metrics");

        Assert.Equal(expected, error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("", output);
        Assert.Equal(3, code);
    }

    // None of these is a problem to the real promtool: units at the beginning, and types that are not the metric's own.
    [Theory]
    [InlineData("h_seconds", "gauge")]
    [InlineData("kb_foo", "gauge")]
    [InlineData("x_counter", "gauge")]
    [InlineData("x_histogram_y_total", "counter")]
    public async Task Names_that_are_no_problem(string name, string type)
    {
        (int code, _, string error) = await Tool.RunAsync($"# HELP {name} x\n# TYPE {name} {type}\n{name} 1\n", "check", "metrics");

        Assert.Equal((0, ""), (code, error));
    }

    [Fact]
    public async Task Extended_prints_the_cardinality_in_columns()
    {
        (int code, string output, _) = await Tool.RunAsync("# HELP a_info x\n# TYPE a_info gauge\na_info{b=\"1\"} 1\na_info{b=\"2\"} 1\n# HELP c x\n# TYPE c gauge\nc 1\n", "check", "metrics", "--extended");

        Assert.Equal(0, code);
        Assert.Equal(
            "Metric    Cardinality    Percentage    \na_info    2              66.67%        \nc         1              33.33%        \nTotal     3              100%          \n",
            output);
    }
}
