using System.Text;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

public class ScrapeIngesterTests
{
    private static readonly Labels TargetLabels = Labels.FromStrings("job", "j");
    private readonly RecordingStorage _storage = new();
    private readonly TargetMetadataCache _metadata = new(new MetadataPool());
    private readonly ScrapeIngester _ingester;
    private readonly IAppender _appender;
    private ScrapeConfig _config = new() { JobName = "j" };
    private long _nowMs = 1_000_000;

    public ScrapeIngesterTests()
    {
        _ingester = new ScrapeIngester(new SeriesCache(), _metadata, new SeriesResolver());
        _appender = _storage.OpenAppender();
    }

    [Fact]
    public async Task Vanished_series_get_one_marker()
    {
        await IngestAsync("a 1\nb 2\n");
        Assert.Equal(["a{job=\"j\"} 3", "b{job=\"j\"} stale"], await IngestAsync("a 3\n"));
        Assert.Equal(["a{job=\"j\"} 4"], await IngestAsync("a 4\n"));
    }

    [Fact]
    public async Task Series_with_timestamps_of_their_own_get_none_unless_they_are_tracked()
    {
        await IngestAsync("a 1 999000\nb 2\n");
        Assert.Equal(["b{job=\"j\"} stale"], await IngestAsync("\n"));
        _config = _config with { TrackTimestampsStaleness = true };
        await IngestAsync("a 1 1029000\n");
        Assert.Equal(["a{job=\"j\"} stale"], await IngestAsync("\n"));
    }

    [Fact]
    public async Task Timestamps_are_ignored_where_they_are_not_honoured()
    {
        _config = _config with { HonorTimestamps = false };
        await IngestAsync("a 1 5\n");
        Assert.Equal(_nowMs, _storage.Samples("a{job=\"j\"}").Single().TimestampMs);
        Assert.Equal(["a{job=\"j\"} stale"], await IngestAsync("\n"));
    }

    [Fact]
    public async Task A_failed_scrape_marks_all_series_once_and_forgets_none()
    {
        await IngestAsync("a 1\nb 2\n");
        Assert.Equal(["a{job=\"j\"} stale", "b{job=\"j\"} stale"], await FailAsync());
        Assert.Empty(await FailAsync());
        Assert.Equal(["a{job=\"j\"} 5"], await IngestAsync("a 5\n"));
        Assert.Equal(new ScrapeCounts(1, 1, 0), _ingester.Counts);
        Assert.Equal(["a{job=\"j\"} stale"], await FailAsync());
    }

    [Fact]
    public async Task A_body_that_breaks_off_leaves_the_cache_as_it_was()
    {
        await IngestAsync("a 1\nb 2\nc 3\n");
        int lookups = _storage.Lookups;
        Assert.Throws<ExpositionException>(() => Ingest("c 1\nnew 2\na 3\nb {{\n"));
        Assert.Equal(new ScrapeCounts(3, 3, 1), _ingester.Counts);
        _appender.Rollback();
        Assert.Equal(3, (await FailAsync()).Length);
        await IngestAsync("a 1\nb 2\nc 3\n");
        Assert.Equal(lookups + 1, _storage.Lookups);
    }

    [Fact]
    public async Task A_line_that_stands_twice_counts_once()
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(["a{job=\"j\"} 1", "b{job=\"j\"} 2"], await IngestAsync("a 1\na 7\nb 2\n"));
            Assert.Equal(new ScrapeCounts(3, 3, i == 0 ? 2 : 0), _ingester.Counts);
            Assert.Equal(1, _ingester.Duplicates);
        }

        Assert.Equal(["b{job=\"j\"} 2", "a{job=\"j\"} 7"], await IngestAsync("b 2\na 7\n"));
        Assert.Equal(["b{job=\"j\"} 2", "a{job=\"j\"} stale"], await IngestAsync("b 2\n"));
    }

    [Fact]
    public async Task A_line_may_stand_twice_with_different_timestamps()
    {
        Assert.Equal(["a{job=\"j\"} 1", "a{job=\"j\"} 2"], await IngestAsync("a 1 1000\na 2 2000\n"));
        Assert.Equal(0, _ingester.Duplicates);
        Assert.Equal([1000L, 2000L], _storage.Samples("a{job=\"j\"}").Select(sample => sample.TimestampMs));
    }

    [Fact]
    public async Task A_series_that_comes_under_another_spelling_is_not_gone()
    {
        await IngestAsync("a{x=\"1\",y=\"2\"} 1\n");
        Assert.Equal(["a{job=\"j\",x=\"1\",y=\"2\"} 2"], await IngestAsync("a{y=\"2\",x=\"1\"} 2\n"));
    }

    [Fact]
    public async Task The_sample_limit_fails_the_scrape_and_still_counts_everything()
    {
        _config = _config with
        {
            Limits = new ScrapeLimits { Samples = 2 },
            MetricRelabelConfigs = [new RelabelConfig { SourceLabels = ["__name__"], Regex = RelabelRegex.Parse("d"), Action = RelabelAction.Drop }],
        };
        await IngestAsync("a 1\nd 1\nb 2\n");
        int lookups = _storage.Lookups;
        ScrapeException error = Assert.Throws<ScrapeException>(() => Ingest("a 1\nb 2\nd 1\nc 3\ne 4\n"));
        Assert.Equal(("sample limit exceeded", ScrapeFailure.SampleLimit), (error.Message, error.Kind));
        Assert.Equal(new ScrapeCounts(5, 4, 0), _ingester.Counts);
        Assert.Equal(lookups, _storage.Lookups);
    }

    [Fact]
    public async Task Samples_far_in_the_future_are_left_out()
    {
        _nowMs = 1_000_000;
        Assert.Equal(["b{job=\"j\"} 2"], await IngestAsync($"a 1 {1_015_000 + 600_001}\nb 2 {1_015_000 + 600_000}\n"));
        Assert.Equal(1, _ingester.OutOfBounds);
    }

    [Fact]
    public async Task Metadata_is_read_and_follows_changes()
    {
        await IngestAsync("# HELP a One \\\\ two\n# TYPE a counter\na 1\n# TYPE b gauge\nb 1\n");
        Assert.Equal(
            [new("a", new MetricMetadata(MetricType.Counter, "", "One \\ two")), new FamilyMetadata("b", new MetricMetadata(MetricType.Gauge, "", ""))],
            _metadata.Families);
        IReadOnlyList<FamilyMetadata> former = _metadata.Families;
        await IngestAsync("# HELP a One \\\\ two\n# TYPE a counter\na 2\n# TYPE b gauge\nb 5\n");
        Assert.Same(former, _metadata.Families);
        await IngestAsync("# TYPE a gauge\na 2\n");
        Assert.Equal([new FamilyMetadata("a", new MetricMetadata(MetricType.Gauge, "", ""))], _metadata.Families);
    }

    [Fact]
    public async Task Where_storage_wants_metadata_it_gets_that_of_new_series_and_what_has_changed()
    {
        _storage.WantsMetadata = true;
        await IngestAsync("# HELP a_total As.\n# TYPE a_total counter\na_total 1\na_totality 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\nh_max 1\nb 1\n");
        var counter = new MetricMetadata(MetricType.Counter, "", "As.");
        var histogram = new MetricMetadata(MetricType.Histogram, "", "");
        Assert.Equal(
            [("a_total{job=\"j\"}", counter), ("h_bucket{job=\"j\",le=\"1.0\"}", histogram), ("h_sum{job=\"j\"}", histogram), ("h_count{job=\"j\"}", histogram)],
            _storage.Metadata);
        _storage.Metadata.Clear();
        await IngestAsync("# HELP a_total As.\n# TYPE a_total counter\na_total 2\na_totality 1\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\nh_max 1\nb 1\n");
        Assert.Empty(_storage.Metadata);
        await IngestAsync("# HELP a_total All As.\n# TYPE a_total counter\na_total 2\n");
        Assert.Equal([("a_total{job=\"j\"}", counter with { Help = "All As." })], _storage.Metadata);
    }

    [Fact]
    public async Task Exemplars_take_the_time_of_their_sample_if_they_have_none()
    {
        Ingest("# TYPE a counter\na_total 5 # {id=\"x\"} 0.5\nb_total 6 900 # {id=\"y\"} 1\nc_total 7 # {} 2 800.5\n# EOF\n", ExpositionFormat.OpenMetrics);
        _appender.Commit();
        await _storage.NextCommitAsync();
        Assert.Equal(
            [
                ("a_total{job=\"j\"}", new Exemplar(Labels.FromStrings("id", "x"), 0.5, _nowMs) { IsTimeAssumed = true }),
                ("b_total{job=\"j\"}", new Exemplar(Labels.FromStrings("id", "y"), 1, 900_000) { IsTimeAssumed = true }),
                ("c_total{job=\"j\"}", new Exemplar(Labels.Empty, 2, 800_500)),
            ],
            _storage.Exemplars);
    }

    [Theory]
    [InlineData(ExpositionFormat.Text)]
    [InlineData(ExpositionFormat.OpenMetrics)]
    public void An_unchanged_body_allocates_nothing_however_long_it_is(ExpositionFormat format)
    {
        var body = new StringBuilder();
        for (int i = 0; i < 2000; i++)
        {
            body.Append("# HELP m").Append(i).Append(" Text.\n# TYPE m").Append(i).Append(" gauge\nm").Append(i).Append("{a=\"b\"} ").Append(i).Append(".5\nm").Append(i).Append(" 1e300 \n".AsSpan(0, format == ExpositionFormat.Text ? 8 : 6)).Append(format == ExpositionFormat.Text ? "" : "\n");
        }

        byte[] bytes = Encoding.UTF8.GetBytes(body.Append(format == ExpositionFormat.Text ? "" : "# EOF\n").ToString());
        var appender = new CountingAppender();
        ScrapeSettings settings = Settings.Of(_config);
        for (int i = 0; i < 3; i++)
        {
            _ingester.Ingest(settings, TargetLabels, format, bytes, i, appender);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        _ingester.Ingest(settings, TargetLabels, format, bytes, 5, appender);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(16_000, appender.Samples);
        Assert.InRange(allocated, 0, 200);
    }

    private void Ingest(string body, ExpositionFormat format = ExpositionFormat.Text)
    {
        _nowMs += 15_000;
        _ingester.Ingest(Settings.Of(_config), TargetLabels, format, Encoding.UTF8.GetBytes(body), _nowMs, _appender);
    }

    private async Task<string[]> IngestAsync(string body)
    {
        Ingest(body);
        _appender.Commit();
        return Show(await _storage.NextCommitAsync());
    }

    private async Task<string[]> FailAsync()
    {
        _ingester.MarkAllStale(_config.TrackTimestampsStaleness, _nowMs += 15_000, _appender);
        _appender.Commit();
        return Show(await _storage.NextCommitAsync());
    }

    private static string[] Show(IReadOnlyList<RecordingStorage.Row> rows) =>
        [.. rows.Select(row => $"{row.Series} {(row.IsStale ? "stale" : FloatFormat.FormatPlain(row.Value))}")];
}
