using System.Text;
using Narthex.Model;

namespace Narthex.Exposition.Tests;

/// <summary><c>_created</c> lines of OpenMetrics, judged as upstream's parser judges them when it is told to look for start timestamps.</summary>
public sealed class StartTimestampTests
{
    private const string Body = """
        # TYPE req counter
        # HELP req Requests.
        req_total{path="/a",code="200"} 5 # {trace="x"} 1 2.5
        req_created{path="/a",code="200"} 1520872607.123
        req_total{path="/b",code="200"} 7 1520872700
        req_created{path="/b",code="200"} 1520872608.5
        # TYPE up gauge
        up 1
        up_created 3
        # TYPE lat histogram
        lat_bucket{le="1.0",h="x"} 1
        lat_bucket{le="+Inf",h="x"} 2
        lat_count{h="x"} 2
        lat_sum{h="x"} 1.5
        lat_created{h="x"} 12.25
        lat_count{h="y"} 2
        lat_created{h="z"} 13
        # TYPE rpc summary
        rpc{quantile="0.5"} 1
        rpc{quantile="0.9"} 1
        rpc_count 2
        rpc_sum 3
        rpc_created 99
        # TYPE other counter
        other_total 1
        # TYPE last counter
        {"last.a_total",x="1\"}"} 1
        {"last.a_created",x="1\"}"} 7.5
        last_total{a="b"} 1
        last_created{"a"="b"} 8
        # EOF

        """;

    private static readonly (string Series, long Start)[] s_expected =
    [
        ("req_total{path=\"/a\",code=\"200\"}", 1520872607123),
        ("req_total{path=\"/b\",code=\"200\"}", 1520872608500),
        ("up", 0),
        ("up_created", 0),
        ("lat_bucket{le=\"1.0\",h=\"x\"}", 12250),
        ("lat_bucket{le=\"+Inf\",h=\"x\"}", 12250),
        ("lat_count{h=\"x\"}", 12250),
        ("lat_sum{h=\"x\"}", 12250),
        ("lat_count{h=\"y\"}", 0), // The next line of the kind is about another one.
        ("rpc{quantile=\"0.5\"}", 99000),
        ("rpc{quantile=\"0.9\"}", 99000),
        ("rpc_count", 99000),
        ("rpc_sum", 99000),
        ("other_total", 0),
        ("{\"last.a_total\",x=\"1\\\"}\"}", 7500),
        ("last_total{a=\"b\"}", 8000),
    ];

    [Fact]
    public void Each_line_has_the_start_that_stands_behind_it() => Assert.Equal(s_expected, Read(Body, readsStarts: true));

    [Fact]
    public void Unless_they_are_asked_for_created_lines_are_series_and_nothing_has_a_start()
    {
        (string Series, long Start)[] read = Read(Body, readsStarts: false);

        Assert.Equal(Body.Split('\n').Count(line => line.Length > 0 && line[0] != '#'), read.Length);
        Assert.All(read, series => Assert.Equal(0, series.Start));
    }

    [Fact]
    public void A_line_that_is_known_is_not_taken_as_a_series_once_its_type_counts()
    {
        byte[] body = Encoding.UTF8.GetBytes("# TYPE a counter\na_created 5\na_total 1\n# EOF\n");
        byte[] identity = Encoding.UTF8.GetBytes("a_created");
        var parser = new OpenMetricsParser(body, readsStarts: true);
        Assert.Equal(EntryKind.Type, parser.Next());
        Assert.False(parser.TryNextKnownSeries(identity.Length, SeriesIdentity.Hash(identity)));
        int start = parser.Position;
        Assert.Equal(EntryKind.Series, parser.Next());
        Assert.Equal("a_total", Encoding.UTF8.GetString(parser.Identity));

        // What was passed over is a gap, which can be passed over at once the next time.
        ExpositionGap gap = parser.GapSince(start);
        Assert.Equal("a_created 5\n".Length, gap.Length);
        var again = new OpenMetricsParser(body, readsStarts: true);
        again.Next();
        Assert.True(again.TrySkipKnown(gap.Length, gap.Hash, null));
        Assert.Equal(EntryKind.Series, again.Next());
        Assert.Equal("a_total", Encoding.UTF8.GetString(again.Identity));
    }

    [Fact]
    public void Converted_histograms_have_the_start_of_their_lines()
    {
        const string Text = "# TYPE lat histogram\nlat_bucket{le=\"1.0\"} 1\nlat_bucket{le=\"+Inf\"} 2\nlat_count 2\nlat_sum 1.5\nlat_created 12.25\n"
            + "# TYPE c counter\nc_total 1\nc_created 3\n# EOF\n";
        var parser = new ClassicConversionParser<OpenMetricsParser>(new OpenMetricsParser(Encoding.UTF8.GetBytes(Text), readsStarts: true), keepsClassic: false);
        var read = new List<(bool IsHistogram, long Start)>();
        for (EntryKind kind = parser.Next(); kind != EntryKind.End; kind = parser.Next())
        {
            if (kind == EntryKind.Series)
            {
                read.Add((parser.HasHistogram, parser.StartTimestampMs));
            }
        }

        Assert.Equal([(true, 12250), (false, 3000)], read);
    }

    [Fact]
    public void Whatever_the_body_looking_for_starts_finds_no_other_faults()
    {
        byte[] body = Encoding.UTF8.GetBytes(Body);
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            byte[] mutated = [.. body];
            for (int i = 0; i < 1 + random.Next(3); i++)
            {
                mutated[random.Next(mutated.Length)] = (byte)"\n\"{}=,# _a1\\"[random.Next(12)];
            }

            Assert.Equal(FaultOf(mutated, readsStarts: false), FaultOf(mutated, readsStarts: true));
        }
    }

    private static string? FaultOf(byte[] body, bool readsStarts)
    {
        var parser = new OpenMetricsParser(body, readsStarts);
        try
        {
            while (parser.Next() is var kind and not EntryKind.End)
            {
                if (kind == EntryKind.Series)
                {
                    _ = parser.StartTimestampMs;
                }
            }

            return null;
        }
        catch (ExpositionException error)
        {
            return error.Message;
        }
    }

    private static (string Series, long Start)[] Read(string body, bool readsStarts)
    {
        var parser = new OpenMetricsParser(Encoding.UTF8.GetBytes(body), readsStarts);
        var read = new List<(string, long)>();
        for (EntryKind kind = parser.Next(); kind != EntryKind.End; kind = parser.Next())
        {
            if (kind == EntryKind.Series)
            {
                read.Add((Encoding.UTF8.GetString(parser.Identity), parser.StartTimestampMs));
            }
        }

        return [.. read];
    }
}
