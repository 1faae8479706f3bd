using System.Text;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Exposition.Tests.Protobuf;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

/// <summary>Native histograms on their way to storage.</summary>
public class HistogramIngestTests
{
    private const int Histogram = 4;
    private readonly RecordingStorage _storage = new();
    private readonly TargetMetadataCache _metadata = new(new MetadataPool());
    private readonly ScrapeIngester _ingester;
    private readonly IAppender _appender;
    private ScrapeSettings _settings = Settings.Of(new ScrapeConfig { JobName = "j" });
    private long _nowMs = 1_000_000;

    public HistogramIngestTests()
    {
        _ingester = new ScrapeIngester(new SeriesCache(), _metadata, new SeriesResolver());
        _appender = _storage.OpenAppender();
    }

    [Fact]
    public async Task A_histogram_is_stored_and_ends_with_a_marker()
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(["h{job=\"j\"} 3", "h{a=\"b\",job=\"j\"} 3"], await IngestAsync(Body(Native(), Native("b"))));
            Assert.Equal(new ScrapeCounts(2, 2, i == 0 ? 2 : 0), _ingester.Counts);
        }

        Assert.Equal(6, _storage.Histograms.Count);
        Assert.Equal(2, _storage.Lookups);
        Assert.Equal([new FamilyMetadata("h", new MetricMetadata(MetricType.Histogram, "", "Help of h"))], _metadata.Families);
        Assert.Equal(["h{job=\"j\"} 3", "h{a=\"b\",job=\"j\"} stale"], await IngestAsync(Body(Native())));
    }

    [Fact]
    public async Task Going_over_to_another_form_ends_the_series_of_the_former()
    {
        Message both = Native();
        await IngestAsync(Body(both));
        Assert.Equal(
            ["h_count{job=\"j\"} 3", "h_sum{job=\"j\"} 0", "h_bucket{job=\"j\",le=\"+Inf\"} 3", "h{job=\"j\"} stale"],
            await IngestAsync(Body(both), HistogramParsing.ClassicOnly));
        Assert.Equal(
            ["h{job=\"j\"} 3", "h_count{job=\"j\"} stale", "h_sum{job=\"j\"} stale", "h_bucket{job=\"j\",le=\"+Inf\"} stale"],
            await IngestAsync(Body(both)));
    }

    [Fact]
    public async Task Text_is_converted_where_that_is_asked_for()
    {
        const string text = "# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 5\nh_count 3\n# TYPE g gauge\ng 1\n";
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(["h{job=\"j\"} 3", "g{job=\"j\"} 1"], await IngestAsync(text, HistogramParsing.ConvertClassic));
        }

        Assert.Equal(2, _storage.Lookups);
        Assert.Equal([1.0], _storage.Histograms[2].Histogram.CustomValues);
        Assert.Equal(["h", "g"], _metadata.Families.Select(family => family.Family));
        Assert.Equal(7, (await IngestAsync(text, HistogramParsing.ConvertClassic | HistogramParsing.KeepClassic))
            .Count(row => !row.EndsWith("stale", StringComparison.Ordinal)) + 1);
    }

    [Fact]
    public async Task Too_many_buckets_make_the_resolution_coarser()
    {
        _settings = Settings.Of(_settings.Config with { NativeHistogramBucketLimit = 2 });
        await IngestAsync(Body(Native()));
        FloatHistogram histogram = Assert.Single(_storage.Histograms).Histogram;
        Assert.Equal(2, histogram.Schema);
        Assert.Equal([1.0, 2.0], histogram.PositiveBuckets);
    }

    [Fact]
    public void A_histogram_that_cannot_be_made_coarser_fails_the_scrape()
    {
        _settings = Settings.Of(_settings.Config with { NativeHistogramBucketLimit = 1 });
        Message spread = new Message().Sub(7, new Message().Varint(1, 2).Signed(5, -4).Sub(12, Message.Span(-60, 1)).Sub(12, Message.Span(60, 1)).Signed(13, 1).Signed(13, 0));
        ScrapeException error = Assert.Throws<ScrapeException>(() => Ingest(Body(spread), HistogramParsing.Native, ExpositionFormat.Protobuf));
        Assert.Equal("histogram bucket limit exceeded", error.Message);
        Assert.Equal(ScrapeFailure.BucketLimit, error.Kind);

        error = Assert.Throws<ScrapeException>(() => Ingest(
            Encoding.UTF8.GetBytes("# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_count 3\n"), HistogramParsing.ConvertClassic, ExpositionFormat.Text));
        Assert.Equal(ScrapeFailure.BucketLimit, error.Kind);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(1, 8)]
    [InlineData(1.00271, 8)]
    [InlineData(1.1, 2)]
    [InlineData(2, 0)]
    [InlineData(4, -1)]
    [InlineData(65536, -4)]
    [InlineData(1e300, -4)]
    public void The_smallest_factor_between_buckets_says_the_finest_resolution(double factor, int schema) =>
        Assert.Equal(schema, HistogramResolution.OfBucketFactor(factor));

    [Fact]
    public async Task A_resolution_finer_than_any_that_is_stored_is_made_coarser()
    {
        await IngestAsync(Body(new Message().Sub(7, new Message().Varint(1, 2).Signed(5, 52).Sub(12, Message.Span(1, 1)).Signed(13, 2))));
        Assert.Equal(8, Assert.Single(_storage.Histograms).Histogram.Schema);
    }

    [Fact]
    public async Task Exemplars_that_went_to_storage_do_not_look_late_the_next_time()
    {
        await IngestAsync(Body(WithExemplars(5, 3)));
        await IngestAsync(Body(WithExemplars(5, 3, 8)));
        Assert.Equal([3000L, 5000, 5000, 8000], _storage.Exemplars.Select(pair => pair.Exemplar.TimestampMs));
    }

    [Fact]
    public async Task Labels_say_type_and_unit_where_that_is_asked_for()
    {
        _settings = new ScrapeSettings { Config = _settings.Config, Accept = "", Client = _settings.Client, AddTypeAndUnitLabels = true };
        const string text = "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds{__type__=\"x\"} 1\n# TYPE b counter\nb_total 2\n# TYPE c unknown\nc 3\n# EOF\n";
        for (int i = 0; i < 2; i++)
        {
            Ingest(Encoding.UTF8.GetBytes(text), HistogramParsing.ClassicOnly, ExpositionFormat.OpenMetrics);
            _appender.Commit();
            Assert.Equal(
                ["a_seconds{__type__=\"gauge\",__unit__=\"seconds\",job=\"j\"} 1", "b_total{__type__=\"counter\",job=\"j\"} 2", "c{job=\"j\"} 3"],
                Show(await _storage.NextCommitAsync()));
        }
    }

    [Fact]
    public void An_unchanged_body_of_protobuf_allocates_nothing_for_its_floats()
    {
        // Three kinds with all their parts; native histograms are objects that storage takes over.
        Message[] families =
        [
            .. Enumerable.Range(0, 500).Select(i => Message.Family(
                "c" + i, 0, new Message().Sub(1, Message.Label("a", "b")).Sub(3, new Message().Double(1, i)), new Message().Sub(1, Message.Label("a", "c")).Sub(3, new Message().Double(1, i)))),
            .. Enumerable.Range(0, 100).Select(i => Message.Family(
                "h" + i, Histogram, new Message().Sub(7, new Message().Varint(1, 3).Double(2, 1).Sub(3, new Message().Varint(1, 2).Double(2, 0.5)).Sub(3, new Message().Varint(1, 3).Double(2, 5))))),
            .. Enumerable.Range(0, 100).Select(i => Message.Family(
                "s" + i, 2, new Message().Sub(4, new Message().Varint(1, 3).Double(2, 1).Sub(3, new Message().Double(1, 0.5).Double(2, 5))))),
        ];
        byte[] body = Message.Body(families);
        var appender = new CountingAppender();
        for (int i = 0; i < 3; i++)
        {
            _ingester.Ingest(_settings, Labels.Empty, ExpositionFormat.Protobuf, body, i, appender, HistogramParsing.Native);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        _ingester.Ingest(_settings, Labels.Empty, ExpositionFormat.Protobuf, body, 5, appender, HistogramParsing.Native);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 400);
        Assert.Equal(4 * (1000 + 500 + 300), appender.Samples);
    }

    private static byte[] Body(params Message[] metrics) => Message.Body(Message.Family("h", Histogram, metrics));

    private static Message Native(string? label = null)
    {
        Message metric = label is null ? new Message() : new Message().Sub(1, Message.Label("a", label));
        return metric.Sub(7, new Message().Varint(1, 3).Signed(5, 3).Sub(12, Message.Span(1, 1)).Sub(12, Message.Span(3, 2)).PackedSigned(13, 1, 0, 0));
    }

    private static Message WithExemplars(params int[] seconds)
    {
        Message histogram = new Message().Varint(1, 1).Sub(12, Message.Span(0, 1)).Signed(13, 1);
        foreach (int second in seconds)
        {
            histogram.Sub(16, Message.Exemplar("t" + second, 1, Message.Time(second, 0)));
        }

        return new Message().Sub(7, histogram);
    }

    private void Ingest(byte[] body, HistogramParsing histograms, ExpositionFormat format)
    {
        _nowMs += 15_000;
        _ingester.Ingest(_settings, Labels.FromStrings("job", "j"), format, body, _nowMs, _appender, histograms);
    }

    private async Task<string[]> IngestAsync(byte[] body, HistogramParsing histograms = HistogramParsing.Native, ExpositionFormat format = ExpositionFormat.Protobuf)
    {
        Ingest(body, histograms, format);
        _appender.Commit();
        return Show(await _storage.NextCommitAsync());
    }

    private Task<string[]> IngestAsync(string body, HistogramParsing histograms) => IngestAsync(Encoding.UTF8.GetBytes(body), histograms, ExpositionFormat.Text);

    private static string[] Show(IReadOnlyList<RecordingStorage.Row> rows) =>
        [.. rows.Select(row => $"{row.Series} {(row.IsStale ? "stale" : FloatFormat.FormatPlain(row.Value))}")];
}
