namespace Narthex.CommandLine.Tests;

/// <summary>The expectations are what upstream's programs do with the same arguments.</summary>
public sealed class FlagSetTests
{
    private static readonly FlagSet Set = new(
    [
        new() { Name = "help", Help = "Explains itself.", IsSwitch = true, Letter = 'h' },
        new() { Name = "config.file", Help = "The configuration.", Default = "prometheus.yml" },
        new() { Name = "web.listen-address", Help = "Where to listen.", Default = "0.0.0.0:9090", IsRepeated = true },
        new() { Name = "storage.tsdb.wal-compression", Help = "Compress.", IsSwitch = true, Default = "true" },
        new() { Name = "number", Help = "A number.", Check = value => int.TryParse(value, out _) ? null : $"not a number: {value}" },
        new() { Name = "secret-flag", Help = "Hidden.", IsHidden = true },
    ]);

    [Fact]
    public void Values_come_after_the_sign_or_as_the_next_argument()
    {
        FlagValues values = Set.Parse(["--config.file", "a.yml", "--number=7"]);
        Assert.Equal("a.yml", values.Get("config.file"));
        Assert.Equal("7", values.Get("number"));
        Assert.True(values.IsGiven("number"));
        Assert.False(values.IsGiven("web.listen-address"));
    }

    [Fact]
    public void A_value_may_be_empty_and_may_hold_signs()
    {
        Assert.Equal("", Set.Parse(["--config.file="]).Get("config.file"));
        Assert.Equal("a=b", Set.Parse(["--config.file=a=b"]).Get("config.file"));
    }

    [Fact]
    public void A_repeated_flag_replaces_its_default_and_keeps_every_value()
    {
        Assert.Equal(["0.0.0.0:9090"], Set.Parse([]).GetAll("web.listen-address"));
        Assert.Equal(["a:1", "b:2"], Set.Parse(["--web.listen-address=a:1", "--web.listen-address=b:2"]).GetAll("web.listen-address"));
    }

    [Fact]
    public void A_switch_is_turned_off_by_no()
    {
        Assert.True(Set.Parse([]).IsOn("storage.tsdb.wal-compression"));
        Assert.False(Set.Parse(["--no-storage.tsdb.wal-compression"]).IsOn("storage.tsdb.wal-compression"));
        Assert.True(Set.Parse(["-h"]).IsOn("help"));
    }

    [Theory]
    [InlineData("unknown long flag '--no-such'", "--no-such=1")]
    [InlineData("unknown long flag '--no-config.file'", "--no-config.file")]
    [InlineData("unknown short flag '-x'", "-x")]
    [InlineData("unexpected foo", "foo")]
    [InlineData("expected argument for flag '--config.file'", "--config.file")]
    [InlineData("expected argument for flag '--config.file'", "--config.file", "--number=1")]
    [InlineData("unexpected maybe", "--help=maybe")]
    [InlineData("flag 'config.file' cannot be repeated", "--config.file=a", "--config.file=b")]
    public void What_does_not_fit_is_refused_in_upstreams_words(string message, params string[] arguments)
    {
        var error = Assert.Throws<FlagException>(() => Set.Parse(arguments));
        Assert.Equal(message, error.Message);
        Assert.False(error.IsValueError);
    }

    [Fact]
    public void A_wrong_value_is_told_apart_from_a_wrong_flag()
    {
        var error = Assert.Throws<FlagException>(() => Set.Parse(["--number=x"]));
        Assert.Equal("not a number: x", error.Message);
        Assert.True(error.IsValueError);
    }

    [Fact]
    public void A_file_of_arguments_stands_for_its_lines()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "--number=3\n# a comment\n--config.file=x.yml\n");
        FlagValues values = Set.Parse(["@" + path, "--web.listen-address=a:1"]);
        File.Delete(path);
        Assert.Equal("3", values.Get("number"));
        Assert.Equal("x.yml", values.Get("config.file"));
        Assert.Equal("a:1", values.Get("web.listen-address"));
    }

    [Fact]
    public void Help_fits_80_columns_and_leaves_hidden_flags_out()
    {
        var output = new StringWriter();
        HelpWriter.Write(output, "prometheus", "A server.", Set);
        string text = output.ToString();
        Assert.StartsWith("usage: prometheus [<flags>]", text, StringComparison.Ordinal);
        Assert.Contains("  -h, --[no-]help", text, StringComparison.Ordinal);
        Assert.Contains("--web.listen-address=0.0.0.0:9090 ...", text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-flag", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }
}
