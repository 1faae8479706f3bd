using System.Text;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping.Tests;

public class StartTimestampIngestionTests
{
    private readonly RecordingStorage _storage = new() { WantsStartTimestamps = true };
    private readonly ScrapeIngester _ingester = new(new SeriesCache(), new TargetMetadataCache(new MetadataPool()), new SeriesResolver());
    private long _nowMs = 1_000_000;

    [Fact]
    public void Starts_of_created_lines_go_with_the_samples_scrape_after_scrape()
    {
        string Body(int value, double start) =>
            $"# TYPE a counter\na_total{{x=\"1\"}} {value}\na_created{{x=\"1\"}} {start}\na_total{{x=\"2\"}} {value}\na_created{{x=\"2\"}} 20\n# TYPE g gauge\ng 1\ng_created 3\n# EOF\n";
        for (int scrape = 0; scrape < 5; scrape++)
        {
            // In the third the first one begins anew.
            int starts = scrape < 2 ? 10 : 950;
            Ingest(Body(scrape, starts));
            Assert.Equal([("a_total{x=\"1\"}", _nowMs, starts * 1000L), ("a_total{x=\"2\"}", _nowMs, 20_000L)], _storage.Starts);
            _storage.Starts.Clear();
        }

        Assert.Equal(["a_total{x=\"1\"}", "a_total{x=\"2\"}", "g", "g_created"], _storage.Series);
        Assert.Equal(4, _storage.Lookups);
    }

    [Fact]
    public void A_created_line_becomes_a_series_when_its_family_counts_no_longer_and_goes_stale_when_it_does_again()
    {
        Ingest("# TYPE a counter\na_total 1\na_created 5\n# EOF\n");
        Ingest("# TYPE a gauge\na_total 1\na_created 5\n# EOF\n");
        Assert.Equal(5, Assert.Single(_storage.Samples("a_created")).Value);
        Ingest("# TYPE a counter\na_total 1\na_created 5\n# EOF\n");
        Assert.True(_storage.Samples("a_created")[^1].IsStale);
        Assert.Equal([5000L, 5000L], _storage.Starts.Select(start => start.StartMs));
    }

    [Fact]
    public void Where_storage_does_not_want_them_created_lines_are_series()
    {
        _storage.WantsStartTimestamps = false;
        Ingest("# TYPE a counter\na_total 1\na_created 5\n# EOF\n");
        Assert.Equal(["a_created", "a_total"], _storage.Series);
        Assert.Empty(_storage.Starts);
    }

    private void Ingest(string body)
    {
        using IAppender appender = _storage.OpenAppender();
        var settings = new ScrapeSettings { Config = new ScrapeConfig { JobName = "j" }, Client = null!, Accept = "" };
        _ingester.Ingest(settings, Labels.Empty, ExpositionFormat.OpenMetrics, Encoding.UTF8.GetBytes(body), _nowMs += 15_000, appender);
        appender.Commit();
    }
}
