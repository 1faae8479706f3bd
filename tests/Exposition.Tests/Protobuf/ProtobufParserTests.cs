using System.Text;
using Narthex.Tests;

namespace Narthex.Exposition.Tests.Protobuf;

public class ProtobufParserTests
{
    private const int Counter = 0;
    private const int Gauge = 1;
    private const int Summary = 2;
    private const int Untyped = 3;
    private const int Histogram = 4;
    private const int GaugeHistogram = 5;

    [Fact]
    public void Simple_kinds_give_one_sample_with_their_time_and_exemplar()
    {
        byte[] body = Message.Body(
            Message.Family(
                "requests_total",
                Counter,
                new Message().Sub(1, Message.Label("path", "/")).Sub(3, new Message().Double(1, 12).Sub(2, Message.Exemplar("x", 3, Message.Time(5, 6_000_000))).Sub(3, Message.Time(1, 500_000_000))),
                new Message().Sub(1, Message.Label("path", "/b")).Sub(3, new Message().Double(1, 1)).Varint(6, 1700)).Text(5, "requests"),
            Message.Family("temperature", Gauge, new Message().Sub(2, new Message().Double(1, -3.5))),
            Message.Family("odd", Untyped, new Message().Sub(5, new Message().Double(1, double.NaN))));
        Assert.Equal(
            [
                "help requests_total Help of requests_total",
                "unit requests_total requests",
                "type requests_total Counter",
                "{__name__=\"requests_total\", path=\"/\"} 12 since 1500 # {trace_id=\"x\"} 3 @5006",
                "{__name__=\"requests_total\", path=\"/b\"} 1 @1700",
                "help temperature Help of temperature",
                "type temperature Gauge",
                "{__name__=\"temperature\"} -3.5",
                "help odd Help of odd",
                "type odd Unknown",
                "{__name__=\"odd\"} NaN",
            ],
            Parse.Protobuf(body));
    }

    [Fact]
    public void A_summary_gives_count_sum_and_quantiles()
    {
        byte[] body = Message.Body(Message.Family(
            "rpc",
            Summary,
            new Message().Sub(4, new Message().Varint(1, 42).Double(2, 1.5).Sub(3, new Message().Double(1, 0.5).Double(2, 7)).Sub(3, new Message().Double(1, 1).Double(2, 8)))));
        Assert.Equal(
            [
                "help rpc Help of rpc",
                "type rpc Summary",
                "{__name__=\"rpc_count\"} 42",
                "{__name__=\"rpc_sum\"} 1.5",
                "{__name__=\"rpc\", quantile=\"0.5\"} 7",
                "{__name__=\"rpc\", quantile=\"1.0\"} 8",
            ],
            Parse.Protobuf(body));
    }

    [Fact]
    public void A_classic_histogram_gives_its_series_and_the_last_bucket_if_it_is_left_out()
    {
        byte[] body = Message.Body(Message.Family("h", Histogram, ClassicMetric()));
        Assert.Equal(
            [
                "help h Help of h",
                "type h Histogram",
                "{__name__=\"h_count\"} 10",
                "{__name__=\"h_sum\"} 100",
                "{__name__=\"h_bucket\", le=\"1.0\"} 2 # {trace_id=\"x\"} 0.5 @-1",
                "{__name__=\"h_bucket\", le=\"2.5\"} 7 # {trace_id=\"y\"} 2 @9000",
                "{__name__=\"h_bucket\", le=\"+Inf\"} 10",
            ],
            Parse.Protobuf(body));
    }

    [Fact]
    public void A_classic_histogram_can_be_converted()
    {
        byte[] body = Message.Body(Message.Family("h", Histogram, ClassicMetric()));
        const string Converted = "{__name__=\"h\"} {schema=-53 count=10 sum=100 zero=0@0 +[0:3]2,5,3 -[] bounds=1,2.5} # {trace_id=\"y\"} 2 @9000";
        Assert.Equal(Converted, Parse.Protobuf(body, HistogramParsing.ConvertClassic)[2]);
        Assert.Equal(3, Parse.Protobuf(body, HistogramParsing.ConvertClassic).Count);

        List<string> both = Parse.Protobuf(body, HistogramParsing.ConvertClassic | HistogramParsing.KeepClassic | HistogramParsing.Native);
        Assert.Equal(8, both.Count);
        Assert.Equal(Converted, both[^1]);
    }

    [Fact]
    public void An_integer_native_histogram_counts_by_differences()
    {
        byte[] body = Message.Body(Message.Family("h", Histogram, NativeMetric()), Message.Family("g", GaugeHistogram, NativeMetric()));
        Assert.Equal(
            [
                "help h Help of h",
                "type h Histogram",
                "{__name__=\"h\", a=\"b\"} {schema=3 count=12 sum=18.4 zero=2@0.001 +[0:2 1:2]1,2,1,1 -[-1:2]4,1} since 7000 # {trace_id=\"1\"} 1 @1000 # {trace_id=\"3\"} 3 @3000",
                "help g Help of g",
                "type g GaugeHistogram",
                "{__name__=\"g\", a=\"b\"} {schema=3 count=12 sum=18.4 zero=2@0.001 +[0:2 1:2]1,2,1,1 -[-1:2]4,1 Gauge} since 7000 # {trace_id=\"1\"} 1 @1000 # {trace_id=\"3\"} 3 @3000",
            ],
            Parse.Protobuf(body));
    }

    [Fact]
    public void A_native_histogram_comes_with_its_classic_series_where_they_are_kept()
    {
        Message histogram = NativeHistogram().Sub(3, new Message().Varint(1, 5).Double(2, 1));
        byte[] body = Message.Body(Message.Family("h", Histogram, new Message().Sub(7, histogram), new Message().Sub(1, Message.Label("x", "y")).Sub(7, NativeHistogram())));
        List<string> kept = Parse.Protobuf(body, HistogramParsing.Native | HistogramParsing.KeepClassic);
        Assert.Equal(8, kept.Count);
        Assert.Contains("schema=3", kept[2], StringComparison.Ordinal);
        Assert.Equal(
            ["{__name__=\"h_count\"} 12 since 7000", "{__name__=\"h_sum\"} 18.4 since 7000", "{__name__=\"h_bucket\", le=\"1.0\"} 5 since 7000", "{__name__=\"h_bucket\", le=\"+Inf\"} 12 since 7000"],
            kept[3..7]);
        Assert.Contains("x=\"y\"} {schema=3", kept[7], StringComparison.Ordinal);

        // Where native histograms are not read, all of it is classic.
        Assert.Equal(
            ["{__name__=\"h_count\", x=\"y\"} 12 since 7000", "{__name__=\"h_sum\", x=\"y\"} 18.4 since 7000", "{__name__=\"h_bucket\", le=\"+Inf\", x=\"y\"} 12 since 7000"],
            Parse.Protobuf(body, HistogramParsing.ClassicOnly)[^3..]);
    }

    [Fact]
    public void A_float_native_histogram_has_absolute_counts()
    {
        Message histogram = new Message().Double(4, 6.5).Double(2, 1).Signed(5, 0).Double(8, 1.5)
            .Sub(12, Message.Span(0, 1)).Double(14, 2.5)
            .Sub(9, Message.Span(0, 2)).PackedDoubles(11, 2, 0.5);
        Assert.Equal(
            "{__name__=\"h\"} {schema=0 count=6.5 sum=1 zero=1.5@0 +[0:1]2.5 -[0:2]2,0.5}",
            Parse.Protobuf(Message.Body(Message.Family("h", Histogram, new Message().Sub(7, histogram))))[2]);
    }

    [Fact]
    public void An_empty_native_histogram_is_told_by_its_empty_span()
    {
        Message histogram = new Message().Signed(5, 3).Sub(12, Message.Span(0, 0));
        Assert.Equal(
            "{__name__=\"h\"} {schema=3 count=0 sum=0 zero=0@0 +[] -[]}",
            Parse.Protobuf(Message.Body(Message.Family("h", Histogram, new Message().Sub(7, histogram))))[2]);
    }

    [Fact]
    public void Lists_may_come_packed_or_not_and_empty_buckets_go()
    {
        Message plain = new Message().Varint(1, 3).Signed(5, 1).Sub(12, Message.Span(2, 3)).Signed(13, 1).Signed(13, -1).Signed(13, 2);
        Message packed = new Message().Varint(1, 3).Signed(5, 1).Sub(12, Message.Span(2, 3)).PackedSigned(13, 1, -1, 2);
        string expected = "{__name__=\"h\"} {schema=1 count=3 sum=0 zero=0@0 +[2:1 1:1]1,2 -[]}";
        Assert.Equal(expected, Parse.Protobuf(Message.Body(Message.Family("h", Histogram, new Message().Sub(7, plain))))[2]);
        Assert.Equal(expected, Parse.Protobuf(Message.Body(Message.Family("h", Histogram, new Message().Sub(7, packed))))[2]);
    }

    [Fact]
    public void Histograms_whose_parts_contradict_each_other_are_refused()
    {
        string fault(Message histogram) => Parse.Error(Parse.Protobuf, Message.Body(Message.Family("h", Histogram, new Message().Sub(7, histogram))))!;
        Assert.Equal("histogram \"h\": positive side: spans require 3 buckets, have 1", fault(new Message().Varint(1, 1).Sub(12, Message.Span(0, 3)).Signed(13, 1)));
        Assert.Equal(
            "histogram \"h\": negative side: spans require 4294967295 buckets, have 0",
            fault(new Message().Varint(1, 1).Sub(9, Message.Span(0, uint.MaxValue))));
        Assert.Contains("found in buckets, but the Count field is 9", fault(new Message().Varint(1, 9).Sub(12, Message.Span(0, 1)).Signed(13, 1)), StringComparison.Ordinal);
        Assert.Contains("invalid schema", fault(new Message().Varint(1, 1).Signed(5, -5).Sub(12, Message.Span(0, 1)).Signed(13, 1)), StringComparison.Ordinal);
        Assert.Contains("is negative", fault(new Message().Varint(1, 0).Sub(12, Message.Span(0, 2)).Signed(13, 1).Signed(13, -2)), StringComparison.Ordinal);
        Assert.Contains(
            "span number 2 with offset -1",
            fault(new Message().Varint(1, 2).Sub(12, Message.Span(0, 1)).Sub(12, Message.Span(-1, 1)).Signed(13, 1).Signed(13, 0)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Families_without_metrics_are_passed_over()
    {
        Assert.Equal(3, Parse.Protobuf(Message.Body(Message.Family("a", Gauge), Message.Family("b", Gauge, new Message().Sub(2, new Message().Double(1, 1))), Message.Family("c", 9))).Count);
    }

    [Fact]
    public void Names_and_labels_are_checked()
    {
        Message metric = new Message().Sub(2, new Message().Double(1, 1));
        Assert.Equal("invalid metric name: ", Parse.Error(Parse.Protobuf, Message.Body(Message.Family("", Gauge, metric))));
        Assert.Equal("unknown metric type for metric \"a\": 6", Parse.Error(Parse.Protobuf, Message.Body(Message.Family("a", 6, metric))));
        Assert.Equal(
            "invalid label name: ",
            Parse.Error(Parse.Protobuf, Message.Body(Message.Family("a", Gauge, new Message().Sub(1, Message.Label("", "x"))))));
        Message broken = new Message().Text(1, "x").Blob(2, [0xff]);
        Assert.Equal("invalid label value: \\xff", Parse.Error(Parse.Protobuf, Message.Body(Message.Family("a", Gauge, new Message().Sub(1, broken)))));
    }

    [Fact]
    public void A_body_that_was_cut_off_is_refused()
    {
        byte[] body = Message.Body(Message.Family("h", Histogram, NativeMetric()), Message.Family("c", Histogram, ClassicMetric()));
        int whole = Message.Body(Message.Family("h", Histogram, NativeMetric())).Length;
        for (int length = 1; length < body.Length; length++)
        {
            Assert.Equal(length == whole, Parse.Error(Parse.Protobuf, body[..length]) is null);
        }
    }

    [ConformanceFact]
    public void A_real_exposition_has_the_same_samples_as_its_text()
    {
        // The text has families in its own order; what a sample is must not depend on the format.
        List<string> text = Parse.Text(File.ReadAllBytes(Parse.ConformancePath("textformat/expfmt/text")));
        List<string> protobuf = Parse.Protobuf(File.ReadAllBytes(Parse.ConformancePath("textformat/expfmt/protobuf")));
        static IEnumerable<string> samples(List<string> lines) => lines.Where(line => line[0] == '{').Order(StringComparer.Ordinal);
        Assert.Equal(samples(text), samples(protobuf));
        Assert.Equal(6, Parse.Protobuf(File.ReadAllBytes(Parse.ConformancePath("textformat/expfmt/protobuf-multimessage"))).Count(line => line[0] == '{'));
    }

    [Fact]
    public void Anything_ends_with_or_without_an_error_and_hints_never_change_what_is_read()
    {
        const int Seed = 94;
        var random = new Random(Seed);
        byte[] seedBody = Message.Body(
            Message.Family("h", Histogram, NativeMetric(), ClassicMetric()),
            Message.Family("c", Counter, new Message().Sub(3, new Message().Double(1, 2).Sub(2, Message.Exemplar("x", 1, null)))).Text(5, "u"),
            Message.Family("s", Summary, new Message().Sub(4, new Message().Varint(1, 1).Sub(3, new Message().Double(1, 0.5)))));
        for (int i = 0; i < 40_000; i++)
        {
            byte[] body = Mutate(seedBody, random);
            var options = (HistogramParsing)random.Next(8);
            string plain = Read(body, options, [], out List<(int, ulong)> identities);
            string hinted = Read(body, options, identities, out _);
            Assert.True(plain == hinted, $"seed {Seed}, round {i}: {Convert.ToBase64String(body)}\n{plain}\n{hinted}");
        }
    }

    private static string Read(byte[] body, HistogramParsing options, List<(int Length, ulong Hash)> hints, out List<(int, ulong)> identities)
    {
        identities = [];
        var text = new StringBuilder();
        var parser = new ProtobufParser(body, options);
        try
        {
            while (true)
            {
                if (identities.Count >= hints.Count || !parser.TryNextKnownSeries(hints[identities.Count].Length, hints[identities.Count].Hash))
                {
                    EntryKind kind = parser.Next();
                    if (kind == EntryKind.End)
                    {
                        return text.ToString();
                    }

                    if (kind != EntryKind.Series)
                    {
                        text.Append(kind).Append(Encoding.Latin1.GetString(parser.FamilyName));
                        continue;
                    }
                }

                identities.Add((parser.IdentityLength, parser.IdentityHash));
                text.Append(parser.HasHistogram ? parser.ReadHistogram().Count : parser.Value).Append(' ');
                parser.ParseLabels(null);
            }
        }
        catch (ExpositionException e)
        {
            return text.Append(e.Message).ToString();
        }
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var body = new List<byte>(seed);
        for (int edits = random.Next(1, 5); edits > 0; edits--)
        {
            int at = random.Next(body.Count);
            switch (random.Next(3))
            {
                case 0:
                    body[at] = (byte)random.Next(256);
                    break;
                case 1:
                    body[at] ^= (byte)(1 << random.Next(8));
                    break;
                default:
                    body.RemoveRange(at, Math.Min(random.Next(1, 9), body.Count - at - 1));
                    break;
            }
        }

        return [.. body];
    }

    private static Message ClassicMetric() => new Message().Sub(7, new Message().Varint(1, 10).Double(2, 100)
        .Sub(3, new Message().Varint(1, 2).Double(2, 1).Sub(3, Message.Exemplar("x", 0.5, null)))
        .Sub(3, new Message().Varint(1, 7).Double(2, 2.5).Sub(3, Message.Exemplar("y", 2, Message.Time(9, 0)))));

    private static Message NativeMetric() => new Message().Sub(1, Message.Label("a", "b")).Sub(7, NativeHistogram());

    private static Message NativeHistogram() => new Message().Varint(1, 12).Double(2, 18.4).Sub(15, Message.Time(7, 0))
        .Signed(5, 3).Double(6, 0.001).Varint(7, 2)
        .Sub(9, Message.Span(-1, 2)).Signed(10, 4).Signed(10, -3)
        .Sub(12, Message.Span(0, 2)).Sub(12, Message.Span(1, 2)).PackedSigned(13, 1, 1, -1, 0)
        .Sub(16, Message.Exemplar("1", 1, Message.Time(1, 0))).Sub(16, Message.Exemplar("2", 2, null)).Sub(16, Message.Exemplar("3", 3, Message.Time(3, 0)));
}
