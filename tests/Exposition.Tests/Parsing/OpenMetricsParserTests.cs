namespace Narthex.Exposition.Tests;

public class OpenMetricsParserTests
{
    [Fact]
    public void A_body_with_everything_is_read()
    {
        const string Body = """
            # HELP foo_seconds Help \"me\" \n now
            # TYPE foo_seconds histogram
            # UNIT foo_seconds seconds
            foo_seconds_bucket{le="1.0"} 3 # {trace_id="abc"} 0.5 1.25
            foo_seconds_bucket{le="+Inf"} 4 12.5 # {} 2
            foo_seconds_count 4
            foo_seconds_created 1520872607.123
            # TYPE bar info
            {"bar.info","l.m"="x}\"y"} 1
            # EOF

            """;
        Assert.Equal(
            [
                "help foo_seconds Help \"me\" \n now", "type foo_seconds Histogram", "unit foo_seconds seconds",
                "{__name__=\"foo_seconds_bucket\", le=\"1.0\"} 3 # {trace_id=\"abc\"} 0.5 @1250",
                "{__name__=\"foo_seconds_bucket\", le=\"+Inf\"} 4 @12500 # {} 2 @-1",
                "{__name__=\"foo_seconds_count\"} 4",
                "{__name__=\"foo_seconds_created\"} 1520872607.123",
                "type bar Info",
                "{__name__=\"bar.info\", \"l.m\"=\"x}\\\"y\"} 1",
            ],
            Parse.OpenMetrics(Body.ReplaceLineEndings("\n")));
    }

    [Fact]
    public void Known_series_are_met_without_parsing_them()
    {
        var parser = new OpenMetricsParser("a{b=\"c\"} 1 2\na 3 # {} 4\n# EOF\n"u8);
        Assert.True(parser.TryNextKnownSeries(8, SeriesIdentity.Hash("a{b=\"c\"}"u8)));
        Assert.Equal(2000, parser.TimestampMs);
        Assert.True(parser.TryNextKnownSeries(1, SeriesIdentity.Hash("a"u8)));
        Assert.True(parser.HasExemplar);
        Assert.False(parser.TryNextKnownSeries(1, SeriesIdentity.Hash("a"u8)));
        Assert.Equal(EntryKind.End, parser.Next());
    }
}
