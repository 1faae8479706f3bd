namespace Narthex.Promtool.Tests;

public class PromqlCommandTests
{
    [Theory]
    [InlineData("sum by (job) (rate(foo[5m])) > 2", "format", "sum by (job) (rate(foo[5m]))>2")]
    [InlineData("sum(rate(foo{a=\"x\"}[5m])) / bar{a=\"x\"}", "label-matchers", "set", "sum(rate(foo{a=\"b\"}[5m]))/bar", "a", "x")]
    [InlineData("foo{a=\"b\",c=~\"x\"}", "label-matchers", "set", "-t", "=~", "foo{a=\"b\"}", "c", "x")]
    [InlineData("sum(rate(foo{c=\"d\"}[5m])) / {x=\"y\"}", "label-matchers", "delete", "sum(rate(foo{a=\"b\",c=\"d\"}[5m]))/{a=\"b\", x=\"y\"}", "a")]
    public async Task Expressions_are_formatted_and_edited_as_the_real_promtool_does(string expected, params string[] arguments)
    {
        (int code, string output, string error) = await Tool.RunAsync("", ["--experimental", "promql", .. arguments]);

        Assert.Equal("", error);
        Assert.Equal(expected + Environment.NewLine, output);
        Assert.Equal(0, code);
    }

    [Fact]
    public async Task Without_the_switch_nothing_is_done()
    {
        (int code, string output, string error) = await Tool.RunAsync("", "promql", "format", "up");

        Assert.Equal(1, code);
        Assert.Equal("", output);
        Assert.StartsWith("This command is experimental", error, StringComparison.Ordinal);
    }
}
