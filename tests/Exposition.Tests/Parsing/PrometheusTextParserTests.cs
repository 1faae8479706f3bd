using System.Text;
using Narthex.Model;

namespace Narthex.Exposition.Tests;

/// <summary>Expectations about lenient cases were taken from what a real Prometheus 3.5 stores or answers.</summary>
public class PrometheusTextParserTests
{
    [Theory]
    [InlineData("a 1", "{__name__=\"a\"} 1")]
    [InlineData("a{} 1\n", "{__name__=\"a\"} 1")]
    [InlineData("  a 1\n \t\n", "{__name__=\"a\"} 1")]
    [InlineData("a {b=\"c\" d = \"e\" } 1\n", "{__name__=\"a\", b=\"c\", d=\"e\"} 1")]
    [InlineData("a{b=\"c\",} 1\n", "{__name__=\"a\", b=\"c\"} 1")]
    [InlineData("a{b=\"c\"}1\n", "{__name__=\"a\", b=\"c\"} 1")]
    [InlineData("a{b=\"x\ny\"} 1\n", "{__name__=\"a\", b=\"x\\ny\"} 1")]
    [InlineData("a{b=\"\"} 1\n", "{__name__=\"a\"} 1")]
    [InlineData("a{b=\"x\\q\\n\\\\\\\"\"} 1\n", "{__name__=\"a\", b=\"x\\\\q\\n\\\\\\\"\"} 1")]
    [InlineData("{\"q.w\",x=\"1\"} 2\n", "{__name__=\"q.w\", x=\"1\"} 2")]
    [InlineData("a{\"b\\\"x\"=\"c\"} 1\n", "{__name__=\"a\", \"b\\\"x\"=\"c\"} 1")]
    [InlineData("a\t33  \t123123\n", "{__name__=\"a\"} 33 @123123")]
    [InlineData("a{b=\"}\"} 1 5\n", "{__name__=\"a\", b=\"}\"} 1 @5")]
    [InlineData("a -iNf\n", "{__name__=\"a\"} -Inf")]
    [InlineData("a infinity\n", "{__name__=\"a\"} +Inf")]
    public void A_sample_is_read_as_upstream_reads_it(string body, string expected) => Assert.Equal([expected], Parse.Text(body));

    [Theory]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"1\"} 1\n", "{__name__=\"h_bucket\", le=\"1.0\"} 1")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"0.50\"} 1\n", "{__name__=\"h_bucket\", le=\"0.5\"} 1")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"1000000\"} 1\n", "{__name__=\"h_bucket\", le=\"1e+06\"} 1")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\n", "{__name__=\"h_bucket\", le=\"+Inf\"} 1")]
    [InlineData("# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "{__name__=\"h_bucket\", le=\"x\"} 1")]
    [InlineData("# TYPE s summary\ns{quantile=\"1\"} 1\n", "{__name__=\"s\", quantile=\"1.0\"} 1")]
    [InlineData("# TYPE s summary\ns{le=\"1\"} 1\n", "{__name__=\"s\", le=\"1\"} 1")]
    [InlineData("h_bucket{le=\"1\"} 1\n", "{__name__=\"h_bucket\", le=\"1\"} 1")]
    public void Bounds_of_buckets_and_quantiles_are_written_one_way(string body, string expected) => Assert.Equal(expected, Parse.Text(body)[^1]);

    [Theory]
    [InlineData("a 1 -5\n", "expected timestamp or new record, got \"-\" (\"INVALID\") while parsing: \"a 1 -\"")]
    [InlineData("a 1 # c\n", "expected timestamp or new record, got \"#\" (\"INVALID\") while parsing: \"a 1 #\"")]
    [InlineData("a +NaN\n", "strconv.ParseFloat: parsing \"+NaN\": invalid syntax while parsing: \"a +NaN\"")]
    [InlineData("a 1e400\n", "strconv.ParseFloat: parsing \"1e400\": value out of range while parsing: \"a 1e400\"")]
    [InlineData("# HELP a\n# TYPE a\n", "invalid metric type \"\"")]
    [InlineData("\ufeffa 1\n", "expected a valid start token, got \"\\xef\" (\"INVALID\") while parsing: \"\\xef\"")]
    public void A_fault_is_worded_as_upstream_words_it(string body, string expected) =>
        Assert.Equal(expected, Parse.Error(Parse.Text, Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Meta_lines_and_comments_are_told_apart()
    {
        const string Body = """
            # HELP a What \\ it \n is "so"
            # TYPE a counter
            # TYPE "b.c" gauge
            # HELPLESS a
            #TYPE a gauge
            # 	TYPE	d	summary
            # HELP e
            a 1
            """;
        Assert.Equal(
            [
                "help a What \\ it \n is \"so\"", "type a Counter", "type b.c Gauge", "comment # HELPLESS a", "comment #TYPE a gauge",
                "type d Summary", "help e ", "{__name__=\"a\"} 1",
            ],
            Parse.Text(Body));
    }

    [Fact]
    public void Parsed_NaN_has_the_ordinary_bits_and_is_no_staleness_marker()
    {
        var parser = new PrometheusTextParser("a NaN\n"u8);
        Assert.Equal(EntryKind.Series, parser.Next());
        Assert.Equal(StaleNaN.NormalBits, BitConverter.DoubleToUInt64Bits(parser.Value));
    }

    [Theory]
    [InlineData("a{b=\"c\"} 1 7\na 2\n")]
    [InlineData("a 1\n# TYPE b gauge\nb 2")]
    [InlineData("a_1 1\na 2\na{x=\"y\"} 3\n")]
    [InlineData("a {x=\"y\"} 1\na 2\n")]
    public void Known_series_are_met_without_parsing_them(string text)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        var identities = new List<(int Length, ulong Hash, double Value)>();
        var plain = new PrometheusTextParser(body);
        for (EntryKind kind; (kind = plain.Next()) != EntryKind.End;)
        {
            if (kind == EntryKind.Series)
            {
                identities.Add((plain.Identity.Length, SeriesIdentity.Hash(plain.Identity), plain.Value));
            }
        }

        var hinted = new PrometheusTextParser(body);
        foreach ((int length, ulong hash, double value) in identities)
        {
            if (!hinted.TryNextKnownSeries(length, hash))
            {
                while (hinted.Next() is var kind && kind != EntryKind.Series)
                {
                    Assert.NotEqual(EntryKind.End, kind);
                }
            }

            Assert.Equal(length, hinted.Identity.Length);
            Assert.Equal(value, hinted.Value);
        }

        Assert.Equal(EntryKind.End, hinted.Next());
    }

    [Fact]
    public void A_known_name_is_not_mistaken_for_the_beginning_of_another_series()
    {
        ulong hash = SeriesIdentity.Hash("a"u8);
        Assert.False(new PrometheusTextParser("ab 1\n"u8).TryNextKnownSeries(1, hash));
        Assert.False(new PrometheusTextParser("a{b=\"c\"} 1\n"u8).TryNextKnownSeries(1, hash));
        Assert.False(new PrometheusTextParser("a {b=\"c\"} 1\n"u8).TryNextKnownSeries(1, hash));
        Assert.False(new PrometheusTextParser("a  {b=\"c\"} 1\n"u8).TryNextKnownSeries(1, hash));
        Assert.True(new PrometheusTextParser("a 1\n"u8).TryNextKnownSeries(1, hash));
    }

    [Fact]
    public void Reading_samples_allocates_nothing()
    {
        byte[] body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 1000).Select(i => $"some_metric{{a=\"{i}\",b=\"x\"}} {i}.5e3 {i}\n# c\n")));
        long least = long.MaxValue;
        for (int i = 0; i < 10; i++)
        {
            // The runtime itself allocates a little while it compiles: the best round counts.
            long before = GC.GetAllocatedBytesForCurrentThread();
            int count = Drain(body);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(1000, count);
        }

        Assert.Equal(0, least);
    }

    private static int Drain(byte[] body)
    {
        var parser = new PrometheusTextParser(body);
        int count = 0;
        for (EntryKind kind; (kind = parser.Next()) != EntryKind.End;)
        {
            if (kind == EntryKind.Series)
            {
                parser.ParseLabels(null);
                count++;
            }
        }

        return count;
    }
}
