namespace Narthex.Exposition.Tests;

/// <summary>Classic histograms of the text formats become native ones with custom buckets.</summary>
public class ClassicConversionParserTests
{
    private const string TwoHistograms = """
        # HELP latency How long.
        # TYPE latency histogram
        latency_bucket{path="/a",le="0.1"} 1
        latency_bucket{path="/a",le="1"} 3
        latency_bucket{path="/a",le="+Inf"} 4
        latency_sum{path="/a"} 2.5
        latency_count{path="/a"} 4
        latency_bucket{path="/b",le="0.1"} 0
        latency_bucket{path="/b",le="1"} 0
        latency_bucket{path="/b",le="+Inf"} 2
        latency_sum{path="/b"} 9
        latency_count{path="/b"} 2
        # TYPE requests counter
        requests 7

        """;

    [Fact]
    public void The_lines_of_a_histogram_become_one_sample()
    {
        Assert.Equal(
            [
                "help latency How long.",
                "type latency Histogram",
                "{__name__=\"latency\", path=\"/a\"} {schema=-53 count=4 sum=2.5 zero=0@0 +[0:3]1,2,1 -[] bounds=0.1,1}",
                "{__name__=\"latency\", path=\"/b\"} {schema=-53 count=2 sum=9 zero=0@0 +[2:1]2 -[] bounds=0.1,1}",
                "type requests Counter",
                "{__name__=\"requests\"} 7",
            ],
            Parse.Converted(TwoHistograms, keepsClassic: false));
    }

    [Fact]
    public void Classic_series_are_kept_where_that_is_asked_for()
    {
        List<string> lines = Parse.Converted(TwoHistograms, keepsClassic: true);
        Assert.Equal(16, lines.Count);
        Assert.Equal(10, lines.Count(line => line.Contains("latency_", StringComparison.Ordinal)));
        Assert.StartsWith("{__name__=\"latency\", path=\"/a\"} {schema", lines[7], StringComparison.Ordinal);
    }

    [Fact]
    public void A_histogram_without_its_last_bucket_or_its_count_is_completed()
    {
        const string text = "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_count 5\na_sum 1\n# TYPE b histogram\nb_bucket{le=\"1\"} 2\nb_sum 1\n";
        Assert.Equal(
            [
                "type a Histogram",
                "{__name__=\"a\"} {schema=-53 count=5 sum=1 zero=0@0 +[0:2]2,3 -[] bounds=1}",
                "type b Histogram",
                "{__name__=\"b\"} {schema=-53 count=2 sum=1 zero=0@0 +[0:1]2 -[] bounds=1}",
            ],
            Parse.Converted(text, keepsClassic: false));
    }

    [Theory]
    [InlineData("a_bucket{le=\"1\"} 2\na_bucket{le=\"2\"} 1\na_bucket{le=\"+Inf\"} 5\na_count 5\n")]
    [InlineData("a_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 5\na_count 6\n")]
    [InlineData("a_bucket{le=\"1\"} -2\na_bucket{le=\"+Inf\"} 5\na_count 5\n")]
    public void Lines_that_contradict_each_other_give_no_sample(string lines)
    {
        Assert.Equal(["type a Histogram", "type b Gauge", "{__name__=\"b\"} 1"], Parse.Converted("# TYPE a histogram\n" + lines + "# TYPE b gauge\nb 1\n", keepsClassic: false));
    }

    [Fact]
    public void Series_of_other_families_below_the_declaration_are_left_alone()
    {
        const string text = "# TYPE a histogram\na_bucket{le=\"+Inf\"} 5\na_count 5\na_other 1\nb_bucket{le=\"1\"} 1\na_bucket{le=\"x\"} 1\n";
        Assert.Equal(
            [
                "type a Histogram",
                "{__name__=\"a\"} {schema=-53 count=5 sum=0 zero=0@0 +[0:1]5 -[] bounds=}",
                "{__name__=\"a_other\"} 1",
                "{__name__=\"b_bucket\", le=\"1.0\"} 1",
                "{__name__=\"a_bucket\", le=\"x\"} 1",
            ],
            Parse.Converted(text, keepsClassic: false));
    }

    [Fact]
    public void Exemplars_of_OpenMetrics_come_with_the_histogram_if_they_have_a_time()
    {
        const string text = """
            # TYPE a histogram
            a_bucket{le="1.0"} 2 # {trace_id="x"} 0.5 1.5
            a_bucket{le="+Inf"} 3 # {trace_id="y"} 2
            a_count 3
            a_sum 4
            # EOF

            """;
        Assert.Equal(
            ["type a Histogram", "{__name__=\"a\"} {schema=-53 count=3 sum=4 zero=0@0 +[0:2]2,1 -[] bounds=1} # {trace_id=\"x\"} 0.5 @1500"],
            Parse.ConvertedOpenMetrics(text));
    }

    [Fact]
    public void Known_series_are_recognised_without_looking_at_their_labels()
    {
        var first = new List<(int, ulong)>();
        byte[] body = System.Text.Encoding.UTF8.GetBytes(TwoHistograms);
        var plain = new ClassicConversionParser<PrometheusTextParser>(new PrometheusTextParser(body), keepsClassic: true);
        EntryKind kind;
        while ((kind = plain.Next()) != EntryKind.End)
        {
            if (kind == EntryKind.Series)
            {
                first.Add((plain.IdentityLength, plain.IdentityHash));
            }
        }

        var hinted = new ClassicConversionParser<PrometheusTextParser>(new PrometheusTextParser(body), keepsClassic: true);
        int recognised = 0;
        foreach ((int length, ulong hash) in first)
        {
            while (!hinted.TryNextKnownSeries(length, hash))
            {
                Assert.NotEqual(EntryKind.Series, hinted.Next());
            }

            recognised++;
        }

        Assert.Equal(13, recognised);
        Assert.Equal(EntryKind.End, hinted.Next());
    }
}
