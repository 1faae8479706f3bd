using System.Globalization;
using System.Net;
using Narthex.Configuration;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

public class ScrapeTests
{
    private static readonly ScrapeConfig s_config = new() { JobName = "j" };

    [Fact]
    public async Task A_scrape_stores_samples_and_reports_with_the_targets_labels()
    {
        var fixture = new LoopFixture();
        Scraped scraped = await fixture.ScrapeAsync("# TYPE a counter\n# HELP a Help.\na{b=\"c\"} 1\nd 2 900000\n");
        Assert.Equal(
            ["{__name__=\"a\", b=\"c\", instance=\"host:80\", job=\"j\"} 1", "{__name__=\"d\", instance=\"host:80\", job=\"j\"} 2 @900000"], scraped.Samples);
        Assert.Equal(1, scraped.Up);
        Assert.Equal(2, scraped.Report("scrape_samples_scraped"));
        Assert.Equal(2, scraped.Report("scrape_samples_post_metric_relabeling"));
        Assert.Equal(2, scraped.Report("scrape_series_added"));
        Assert.Equal("{__name__=\"up\", instance=\"host:80\", job=\"j\"}", scraped.All.Single(sample => sample.Labels.MetricName == "up").Labels.ToString());
        Assert.Equal(TargetHealth.Up, fixture.Loop.Target.Current.Health);

        var metadata = new List<TargetMetadata>();
        fixture.Loop.Metadata.CopyTo(fixture.Loop.Target.PublicLabels, metadata);
        TargetMetadata only = Assert.Single(metadata);
        Assert.Equal(("a", new MetricMetadata(MetricType.Counter, "", "Help.")), (only.Metric, only.Metadata));
    }

    [Fact]
    public async Task The_second_scrape_looks_nothing_up()
    {
        var fixture = new LoopFixture();
        string body = string.Concat(Enumerable.Range(0, 100).Select(i => $"a{{i=\"{i}\"}} {i}\n"));
        await fixture.ScrapeAsync(body);
        int lookUps = fixture.Storage.LookUps;
        Scraped second = await fixture.ScrapeAsync(body);
        Assert.Equal(lookUps, fixture.Storage.LookUps);
        Assert.Equal(100, second.Samples.Count);
        Assert.Equal(0, second.Report("scrape_series_added"));
    }

    [Fact]
    public async Task Vanished_series_are_marked_stale_once_and_come_back()
    {
        var fixture = new LoopFixture();
        await fixture.ScrapeAsync("a 1\nb 2\nc 3 5\n");
        Assert.Equal(["{__name__=\"b\", instance=\"host:80\", job=\"j\"} 3", "{__name__=\"a\", instance=\"host:80\", job=\"j\"} stale"], (await fixture.ScrapeAsync("b 3\n")).Samples);
        Assert.Single((await fixture.ScrapeAsync("b 3\n")).Samples);
        Assert.Equal(2, (await fixture.ScrapeAsync("a 5\nb 3\n")).Samples.Count);
    }

    [Fact]
    public async Task A_failed_scrape_marks_everything_stale_and_says_why()
    {
        var fixture = new LoopFixture();
        await fixture.ScrapeAsync("a 1\nb 2\n");
        Scraped failed = await fixture.ScrapeAsync("a 1\nb true\n");
        Assert.All(failed.All.Where(sample => sample.Labels.MetricName is "a" or "b"), sample => Assert.True(sample.IsStale));
        Assert.Equal(2, failed.Samples.Count);
        Assert.Equal(0, failed.Up);
        Assert.Equal("strconv.ParseFloat: parsing \"true\": invalid syntax while parsing: \"b true\"", fixture.Loop.Target.Current.Error);

        fixture.Http.Status = HttpStatusCode.InternalServerError;
        Scraped again = await fixture.ScrapeAsync("a 1\n");
        Assert.Empty(again.Samples);
        Assert.Equal("server returned HTTP status 500 Internal Server Error", fixture.Loop.Target.Current.Error);
    }

    [Fact]
    public async Task Two_exposed_series_of_one_stored_series_vanish_only_together()
    {
        var rule = new RelabelConfig { Action = RelabelAction.LabelDrop, Regex = RelabelRegex.Parse("x") };
        var fixture = new LoopFixture(s_config with { MetricRelabelConfigs = [rule] });
        await fixture.ScrapeAsync("a{x=\"1\"} 1\na{x=\"2\"} 1\n");
        Assert.DoesNotContain((await fixture.ScrapeAsync("a{x=\"2\"} 1\n")).All, sample => sample.IsStale);
        Assert.Contains((await fixture.ScrapeAsync("b 1\n")).All, sample => sample.IsStale);
    }

    [Fact]
    public async Task Explicit_timestamps_are_not_tracked_for_staleness_unless_asked_for()
    {
        var fixture = new LoopFixture();
        await fixture.ScrapeAsync("a 1 900000\n");
        Assert.Empty((await fixture.ScrapeAsync("")).Samples);

        fixture = new LoopFixture(s_config with { TrackTimestampsStaleness = true });
        await fixture.ScrapeAsync("a 1 900000\n");
        Assert.Equal(["{__name__=\"a\", instance=\"host:80\", job=\"j\"} stale"], (await fixture.ScrapeAsync("")).Samples);

        fixture = new LoopFixture(s_config with { HonorTimestamps = false });
        Assert.Equal(["{__name__=\"a\", instance=\"host:80\", job=\"j\"} 1"], (await fixture.ScrapeAsync("a 1 900000\n")).Samples);
    }

    [Fact]
    public async Task Conflicting_labels_are_exported_or_honoured()
    {
        const string Body = "a{job=\"x\",exported_job=\"y\",instance=\"\"} 1\n";
        var fixture = new LoopFixture();
        Assert.Equal(
            ["{__name__=\"a\", exported_exported_job=\"x\", exported_job=\"y\", instance=\"host:80\", job=\"j\"} 1"], (await fixture.ScrapeAsync(Body)).Samples);

        fixture = new LoopFixture(s_config with { HonorLabels = true });
        Assert.Equal(["{__name__=\"a\", exported_job=\"y\", job=\"x\"} 1"], (await fixture.ScrapeAsync(Body)).Samples);
    }

    [Fact]
    public async Task Metric_relabelling_drops_and_its_drops_are_remembered()
    {
        var rule = new RelabelConfig { Action = RelabelAction.Drop, SourceLabels = ["__name__"], Regex = RelabelRegex.Parse("b.*") };
        var fixture = new LoopFixture(s_config with { MetricRelabelConfigs = [rule] });
        for (int i = 0; i < 2; i++)
        {
            Scraped scraped = await fixture.ScrapeAsync("a 1\nbb 2\nc 3\n");
            Assert.Equal(2, scraped.Samples.Count);
            Assert.Equal(3, scraped.Report("scrape_samples_scraped"));
            Assert.Equal(2, scraped.Report("scrape_samples_post_metric_relabeling"));
        }

        // New rules apply to series known already; what they drop now is marked stale.
        fixture.Reload(s_config with { MetricRelabelConfigs = [rule with { Regex = RelabelRegex.Parse("c") }] });
        Scraped after = await fixture.ScrapeAsync("a 1\nbb 2\nc 3\n");
        Assert.Equal(
            ["{__name__=\"a\", instance=\"host:80\", job=\"j\"} 1", "{__name__=\"bb\", instance=\"host:80\", job=\"j\"} 2", "{__name__=\"c\", instance=\"host:80\", job=\"j\"} stale"],
            after.Samples);
    }

    [Fact]
    public async Task A_series_that_stands_twice_counts_as_duplicate_and_the_first_wins()
    {
        var fixture = new LoopFixture();
        Scraped scraped = await fixture.ScrapeAsync("a 1\na 2\nb 3\n");
        Assert.Equal(2, scraped.Samples.Count);
        Assert.Contains("{__name__=\"a\", instance=\"host:80\", job=\"j\"} 1", scraped.Samples);
        Assert.Equal(1, fixture.Metrics.DuplicateTimestamp.Value);
        Assert.Equal(1, scraped.Up);
    }

    [Fact]
    public async Task Refused_samples_are_counted_by_their_reason()
    {
        var fixture = new LoopFixture();
        await fixture.ScrapeAsync("a 1 900000\nb 1 900000\n");
        Scraped scraped = await fixture.ScrapeAsync("a 1 800000\nb 2 900000\nc 1 9000000000000\nd 1\n");
        Assert.Single(scraped.Samples);
        Assert.Equal((1, 1, 1), (fixture.Metrics.OutOfOrder.Value, fixture.Metrics.DuplicateTimestamp.Value, fixture.Metrics.OutOfBounds.Value));
        Assert.Equal(1, scraped.Up);
    }

    [Fact]
    public async Task Series_that_the_storage_collected_get_their_sample_at_once()
    {
        var fixture = new LoopFixture();
        await fixture.ScrapeAsync("a 1\nb{x=\"1\"} 2\n");
        fixture.Storage.Collect("b");
        fixture.Storage.Collect("up");
        Scraped scraped = await fixture.ScrapeAsync("a 2\nb{x=\"1\"} 3\n");
        Assert.Equal(["{__name__=\"a\", instance=\"host:80\", job=\"j\"} 2", "{__name__=\"b\", instance=\"host:80\", job=\"j\", x=\"1\"} 3"], scraped.Samples);
        Assert.Contains(scraped.All, sample => sample.Labels.MetricName == "up");
        Assert.Contains((await fixture.ScrapeAsync("a 2\n")).Samples, line => line.EndsWith("stale", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(2, false)]
    public async Task Sample_limit_fails_the_scrape_but_counts_all(long limit, bool passes)
    {
        var fixture = new LoopFixture(s_config with { Limits = new ScrapeLimits { Samples = limit } });
        Scraped scraped = await fixture.ScrapeAsync("a 1\nb 2\nc 3\n");
        Assert.Equal(passes ? 1 : 0, scraped.Up);
        Assert.Equal(passes ? 3 : 0, scraped.Samples.Count);
        Assert.Equal(3, scraped.Report("scrape_samples_scraped"));
        Assert.Equal(passes ? 0 : 1, fixture.Metrics.SampleLimitExceeded.Value);
        Assert.Equal(passes ? "" : "sample limit exceeded", fixture.Loop.Target.Current.Error);
    }

    [Fact]
    public async Task Label_limits_fail_the_scrape_with_their_names()
    {
        Assert.Equal("label_limit exceeded (metric: a, number of labels: 4, limit: 3)", await ErrorOf(new ScrapeLimits { Labels = 3 }));
        Assert.Equal("label_name_length_limit exceeded (metric: a, label name: long_label, length: 10, limit: 9)", await ErrorOf(new ScrapeLimits { LabelNameLength = 9 }));
        Assert.Equal("label_value_length_limit exceeded (metric: a, label name: long_label, value: \"long_value\", length: 10, limit: 9)", await ErrorOf(new ScrapeLimits { LabelValueLength = 9 }));

        static async Task<string> ErrorOf(ScrapeLimits limits)
        {
            var fixture = new LoopFixture(s_config with { Limits = limits });
            Assert.Equal(0, (await fixture.ScrapeAsync("a{long_label=\"long_value\"} 1\n")).Up);
            Assert.Equal(1, fixture.Metrics.LabelLimitsExceeded.Value);
            return fixture.Loop.Target.Current.Error;
        }
    }

    [Theory]
    [InlineData("a{b=\"c\",b=\"d\"} 1\n", "label name \"b\" is not unique: invalid sample")]
    [InlineData("a 1\n\ufeff", "expected a valid start token, got \"\\xef\" (\"INVALID\") while parsing: \"\\xef\"")]
    public async Task Labels_that_cannot_be_stored_fail_the_scrape(string body, string error)
    {
        var fixture = new LoopFixture();
        Assert.Equal(0, (await fixture.ScrapeAsync(body)).Up);
        Assert.Equal(error, fixture.Loop.Target.Current.Error);
    }

    [Fact]
    public async Task Body_size_limit_and_content_types_fail_the_scrape()
    {
        var fixture = new LoopFixture(s_config with { Limits = new ScrapeLimits { BodySizeBytes = 10 } });
        Assert.Equal(1, (await fixture.ScrapeAsync("a 1\n")).Up);
        Assert.Equal(0, (await fixture.ScrapeAsync("a 111111111\n")).Up);
        Assert.Equal("body size limit exceeded", fixture.Loop.Target.Current.Error);
        Assert.Equal(1, fixture.Metrics.BodySizeLimitExceeded.Value);

        fixture.Http.ContentType = null;
        Assert.Equal(0, (await fixture.ScrapeAsync("a 1\n")).Up);
        Assert.Equal(
            "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target", fixture.Loop.Target.Current.Error);

        fixture.Reload(s_config with { FallbackScrapeProtocol = ScrapeProtocol.PrometheusText004 });
        Assert.Equal(1, (await fixture.ScrapeAsync("a 1\n")).Up);
    }

    [Fact]
    public async Task A_request_says_what_upstream_says()
    {
        var fixture = new LoopFixture(s_config with { ScrapeTimeout = TimeSpan.FromSeconds(1.5) });
        await fixture.ScrapeAsync("a 1\n");
        var headers = fixture.Http.LastRequest!.Headers.NonValidated.ToDictionary(header => header.Key, header => header.Value.ToString());
        Assert.Equal("1.5", headers["X-Prometheus-Scrape-Timeout-Seconds"]);
        Assert.Equal("gzip", headers["Accept-Encoding"]);
        Assert.StartsWith("Prometheus/", headers["User-Agent"], StringComparison.Ordinal);
        Assert.StartsWith("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,", headers["Accept"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exemplars_are_stored_where_they_are_wanted()
    {
        const string Body = "a_total 1 # {trace_id=\"x\"} 0.5\n# EOF\n";
        var fixture = new LoopFixture(options: new ScrapeOptions { AppendExemplars = true });
        fixture.Http.ContentType = "application/openmetrics-text; version=1.0.0";
        Scraped scraped = await fixture.ScrapeAsync(Body);
        Assert.Equal([new Exemplar(Labels.FromStrings("trace_id", "x"), 0.5, scraped.TimestampMs)], fixture.Storage.Exemplars);
    }

    [Fact]
    public async Task Extra_metrics_come_when_asked_for()
    {
        var fixture = new LoopFixture(s_config with { ExtraScrapeMetrics = true });
        Scraped scraped = await fixture.ScrapeAsync("a 1\n");
        Assert.Equal((10, 0, 4), (scraped.Report("scrape_timeout_seconds"), scraped.Report("scrape_sample_limit"), scraped.Report("scrape_body_size_bytes")));
    }

    [Fact]
    public async Task Any_order_of_series_gives_the_same_result_as_no_memory_at_all()
    {
        const int Seed = 5;
        var random = new Random(Seed);
        var fixture = new LoopFixture();
        HashSet<string> before = [];
        for (int round = 0; round < 200; round++)
        {
            string[] names = [.. Enumerable.Range(0, 300).Where(_ => random.Next(10) > 0).Select(i => "m" + (i + (round % 7 == 0 ? random.Next(3000) : 0))).Distinct()];
            if (round % 5 == 0)
            {
                random.Shuffle(names);
            }

            Scraped scraped = await fixture.ScrapeAsync(string.Concat(names.Select(name => $"{name}{{l=\"v\"}} {round}\n")));
            var live = scraped.All.Where(sample => sample.Labels.MetricName[0] == 'm' && !sample.IsStale).Select(sample => sample.Labels.MetricName).ToHashSet();
            var stale = scraped.All.Where(sample => sample.IsStale).Select(sample => sample.Labels.MetricName).ToHashSet();
            Assert.True(live.SetEquals(names), $"seed {Seed}, round {round}");
            Assert.True(stale.SetEquals(before.Except(names)), $"seed {Seed}, round {round}");
            Assert.All(scraped.All.Where(sample => live.Contains(sample.Labels.MetricName)), sample => Assert.Equal(round, sample.Value));
            before = live;
        }
    }

    [Fact]
    public async Task A_series_costs_less_than_fifty_bytes_of_memory()
    {
        var cache = new SeriesCache();
        for (int round = 0; round < 2; round++)
        {
            cache.Begin();
            for (int i = 0; i < 1000; i++)
            {
                cache.MarkSeen(cache.FindOrAdd(System.Text.Encoding.UTF8.GetBytes("some_metric_" + i.ToString(CultureInfo.InvariantCulture)), out _));
            }

            cache.End(success: true, new List<SeriesRef>());
        }

        Assert.InRange(cache.SizeBytes, 1, 50_000);
        await Task.CompletedTask;
    }
}
