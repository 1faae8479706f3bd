namespace Narthex.Promtool.Tests;

// The texts are those of the real promtool.
public class TextFormatTests
{
    [Theory]
    [InlineData("a{ 1\n", "in line 1: invalid label name for metric \"a\"")]
    [InlineData("a{b 1\n", "in line 1: expected '=' after label name, found '1'")]
    [InlineData("a{b= 1\n", "in line 1: expected '\"' at start of label value, found '1'")]
    [InlineData("a{b=\"x 1\n", "in line 1: label value \"x 1\" contains unescaped new-line")]
    [InlineData("a{b=\"x\" 1\n", "in line 1: unexpected end of label value \"x\"")]
    [InlineData("a{b=\"x\",,} 1\n", "in line 1: invalid label name for metric \"a\"")]
    [InlineData("a{b=\"x\"c=\"y\"} 1\n", "in line 1: unexpected end of label value \"x\"")]
    [InlineData("a{b=\"\\q\"} 1\n", "in line 1: invalid escape sequence '\\q'")]
    [InlineData("a{b=\"x\",b=\"y\"} 1\n", "in line 1: duplicate label names for metric \"a\"")]
    [InlineData("a{__name__=\"x\"} 1\n", "in line 1: label name \"__name__\" is reserved")]
    [InlineData("1a 1\n", "in line 1: invalid metric name")]
    [InlineData("{a=\"b\"} 1\n", "in line 1: invalid metric name")]
    [InlineData("{\"a\" 1\n", "in line 1: unexpected end of metric name '1'")]
    [InlineData("a 1 2 3\n", "in line 1: spurious string after timestamp: \" 3\"")]
    [InlineData("a 1 2x\n", "in line 1: expected integer as timestamp, got \"2x\"")]
    [InlineData("a 1 99999999999999999999\n", "in line 1: expected integer as timestamp, got \"99999999999999999999\"")]
    [InlineData("a\n", "in line 1: expected float as value, got \"\"")]
    [InlineData("a 0x10\n", "in line 1: expected float as value, got \"0x10\"")]
    [InlineData("a 1_000\n", "in line 1: expected float as value, got \"1_000\"")]
    [InlineData("a 1\r\n", "in line 1: expected float as value, got \"1\\r\"")]
    [InlineData("\n\n# TYPE a gauge extra\na 1\n", "in line 3: unknown metric type \"gauge extra\"")]
    [InlineData("# HELP 1a x\n", "in line 1: invalid metric name in comment")]
    [InlineData("# HELP a x\\y\na 1\n", "in line 1: invalid escape sequence '\\y'")]
    [InlineData("# HELP a x\n# HELP a y\na 1\n", "in line 2: second HELP line for metric name \"a\"")]
    [InlineData("# TYPE a gauge\n# TYPE a gauge\na 1\n", "in line 2: second TYPE line for metric name \"a\", or TYPE reported after samples")]
    [InlineData("a 1\n# TYPE a gauge\n", "in line 2: second TYPE line for metric name \"a\", or TYPE reported after samples")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "in line 2: expected float as value for 'le' label, got \"x\"")]
    [InlineData("# TYPE s summary\ns{quantile=\"x\"} 1\n", "in line 2: expected float as value for 'quantile' label, got \"x\"")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"+Inf\"} -1\n", "in line 2: negative bucket population for histogram \"h\"")]
    [InlineData("a 1\nb", "in line 2: unexpected end of input stream")]
    [InlineData("# HELP a x", "in line 1: unexpected end of input stream")]
    [InlineData("a{b=\"c\"", "in line 1: unexpected end of input stream")]
    public async Task A_malformed_text_is_refused_with_the_line(string text, string fault)
    {
        (int code, string output, string error) = await Tool.RunAsync(text, "check", "metrics");

        Assert.Equal($"error while linting: text format parsing error {fault}{Environment.NewLine}", error);
        Assert.Equal("", output);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_shown()
    {
        byte[] text = [.. "a{b=\""u8, 0xff, .. "\"} 1\n"u8];
        (int code, _, string error) = await Tool.RunAsync(text, "check", "metrics");

        Assert.Equal("error while linting: text format parsing error in line 1: invalid label value \"\\xff\"\n", error);
        Assert.Equal(1, code);
    }

    [Theory]
    [InlineData("# HELP a x\n# TYPE a GAUGE\n\ta\t1\n  a{b=\"x\",} NaN\na{b=\"y\"}+Inf 5\n")]
    [InlineData("#foo\n# HELP\n# TYPE a\n# HELP a\n# HELP a x\n\n\na{b=\"\\\\\\\"\\n\"} 1\n# EOF\n")]
    [InlineData("# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1.5\nh_bucket{le=\"+Inf\"} 2\nh_sum -1\nh_count 2\n")]
    [InlineData("# HELP \"a.b\" x\n# TYPE \"a.b\" gauge\n{\"a.b\",\"c d\"=\"e\"} 1\n{\"a.b\"} infinity\n")]
    public async Task A_whole_text_passes(string text)
    {
        (int code, string output, string error) = await Tool.RunAsync(text, "check", "metrics");

        Assert.Equal((0, "", ""), (code, output, error));
    }

    [Fact]
    public async Task Without_any_check_there_is_nothing_to_do()
    {
        (int code, _, string error) = await Tool.RunAsync("a 1\n", "check", "metrics", "--lint=none");

        Assert.StartsWith("error: at least one of --extended or linting must be enabled\n", error, StringComparison.Ordinal);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task Extended_without_lint_finds_no_problems_but_faults()
    {
        (int code, string output, string error) = await Tool.RunAsync("a 1\n", "check", "metrics", "--lint=none", "--extended");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("Metric    Cardinality    Percentage    \na         1 ", output, StringComparison.Ordinal);

        (code, _, error) = await Tool.RunAsync("a 1", "check", "metrics", "--lint=none", "--extended");
        Assert.Equal((1, "error while parsing text to metric families: text format parsing error in line 1: unexpected end of input stream\n"), (code, error));
    }
}
