namespace Narthex.Promtool.Tests;

// The texts are those of the real promtool.
public class CommandLineTests
{
    [Theory]
    [InlineData("must select a subcommand of 'check'", "check")]
    [InlineData("required argument 'config-files' not provided", "check", "config")]
    [InlineData("expected command but got \"foo\"", "check", "foo")]
    [InlineData("unknown long flag '--nope'", "check", "rules", "--nope")]
    [InlineData("required flag(s) '--match', '--server', '--type' not provided", "query", "analyze")]
    [InlineData("unexpected c", "query", "instant", "a", "b", "c")]
    [InlineData("strconv.ParseInt: parsing \"x\": invalid syntax", "tsdb", "dump", "--min-time=x")]
    [InlineData("enum value must be one of promql,json, got 'bogus'", "query", "-o", "bogus", "instant", "http://a", "up")]
    [InlineData("path 'nofile.yml' does not exist", "check", "rules", "nofile.yml")]
    [InlineData("required flag(s) '--match' not provided", "query", "series", "http://a")]
    [InlineData("invalid URL: parse \"127.0.0.1:1\": first path segment in URL cannot contain colon", "query", "instant", "127.0.0.1:1", "up")]
    [InlineData("time: invalid duration \"x\"", "query", "range", "--step=x", "http://a", "up")]
    [InlineData("time: missing unit in duration \"60\"", "query", "range", "--step=60", "http://a", "up")]
    [InlineData("time: unknown unit \"q\" in duration \"1q\"", "query", "range", "--step=1q", "http://a", "up")]
    [InlineData("expected KEY=VALUE got 'foo'", "push", "metrics", "--label=foo", "http://a")]
    [InlineData("expected KEY=VALUE got 'foo'", "push", "metrics", "--header=foo", "http://a")]
    [InlineData("expected KEY=VALUE got 'foo'", "tsdb", "create-blocks-from", "openmetrics", "--label=foo", "file")]
    public async Task A_wrong_command_line_ends_with_the_message_and_code_1(string message, params string[] arguments)
    {
        (int code, string output, string error) = await Tool.RunAsync("", arguments);

        Assert.Equal($"promtool: error: {message}, try --help{Environment.NewLine}", error);
        Assert.Equal("", output);
        Assert.Equal(1, code);
    }

    [Fact]
    public async Task Help_lists_usage_flags_and_arguments_of_a_command()
    {
        (int code, string output, _) = await Tool.RunAsync("", "query", "range", "--help");

        Assert.Equal(0, code);
        Assert.StartsWith("usage: promtool query range [<flags>] <server> <expr>\n", output, StringComparison.Ordinal);
        Assert.Contains("  -o, --format=promql        ", output, StringComparison.Ordinal);
        Assert.Contains("Args:\n  <server>  ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_names_the_program_and_the_compatible_version()
    {
        (int code, string output, _) = await Tool.RunAsync("", "--version");

        Assert.Equal(0, code);
        Assert.StartsWith("promtool, version 3.14.0 (branch: ", output, StringComparison.Ordinal);
    }
}
