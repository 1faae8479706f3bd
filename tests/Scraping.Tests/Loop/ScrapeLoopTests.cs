using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Narthex.Exposition;
using Narthex.Configuration;
using Narthex.Model;
using Narthex.Storage;
using static Narthex.Scraping.Tests.ScrapeHarness;

namespace Narthex.Scraping.Tests;

public sealed class ScrapeLoopTests : IAsyncLifetime
{
    private const string Suffix = "{instance=\"i\",job=\"job\"}";
    private ScrapeHarness _harness = null!;

    public async Task InitializeAsync() => _harness = await StartAsync();

    public async Task DisposeAsync() => await _harness.DisposeAsync();

    [Fact]
    public async Task A_scrape_stores_the_samples_and_reports_on_itself()
    {
        _harness.Config = _harness.Config with { ExtraScrapeMetrics = true, Limits = new ScrapeLimits { Samples = 10 } };
        _harness.Answer = Text("m 1\nn{a=\"b\"} 2\n");
        _harness.Apply(_harness.Address);
        IReadOnlyList<RecordingStorage.Row> rows = await _harness.ScrapeAsync();
        Assert.Equal(
            [
                "m{instance=\"i\",job=\"job\"} 1", "n{a=\"b\",instance=\"i\",job=\"job\"} 2", $"up{Suffix} 1", $"scrape_duration_seconds{Suffix} 0",
                $"scrape_samples_scraped{Suffix} 2", $"scrape_samples_post_metric_relabeling{Suffix} 2", $"scrape_series_added{Suffix} 2",
                $"scrape_timeout_seconds{Suffix} 10", $"scrape_sample_limit{Suffix} 10", $"scrape_body_size_bytes{Suffix} 15",
            ],
            rows.Select(row => $"{row.Series} {FloatFormat.FormatPlain(row.Value)}"));
        Assert.All(rows, row => Assert.Equal(_harness.Time.NowMs, row.TimestampMs));
        TargetSnapshot target = await _harness.SnapshotAsync();
        Assert.Equal((TargetHealth.Up, "", _harness.Time.GetUtcNow()), (target.Health, target.LastError, target.LastScrape));
        long first = _harness.Time.NowMs;
        Assert.Equal(0, Value(await _harness.ScrapeAsync(), "scrape_series_added"));
        Assert.Equal(15_000, _harness.Time.NowMs - first);
    }

    [Fact]
    public async Task The_request_says_what_upstreams_says()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        Assert.True(_harness.Requests.TryDequeue(out HttpRequestInfo? request));
        Assert.Equal("/metrics", request.PathAndQuery);
        Assert.Equal("gzip", request.Headers["Accept-Encoding"]);
        Assert.Equal("Test/1", request.Headers["User-Agent"]);
        Assert.Equal("10", request.Headers["X-Prometheus-Scrape-Timeout-Seconds"]);
        Assert.StartsWith("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,", request.Headers["Accept"]);
    }

    [Theory]
    [InlineData("127.0.0.1:80")]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.1:9")]
    public async Task The_host_is_named_as_it_is_written(string address)
    {
        _harness.Apply(address);
        await _harness.ScrapeAsync();
        Assert.True(_harness.Requests.TryDequeue(out HttpRequestInfo? request));
        Assert.Equal(address, request.Headers["Host"]);
    }

    [Fact]
    public async Task A_target_that_fails_is_down_and_its_series_go_stale_once()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        _harness.Answer = Text("no", status: 503);
        IReadOnlyList<RecordingStorage.Row> rows = await _harness.ScrapeAsync();
        Assert.True(rows[0].IsStale);
        Assert.Equal(0, Value(rows, "up"));
        TargetSnapshot target = await _harness.SnapshotAsync();
        Assert.Equal((TargetHealth.Down, "server returned HTTP status 503 Service Unavailable"), (target.Health, target.LastError));
        Assert.DoesNotContain(await _harness.ScrapeAsync(), row => row.IsStale);
        _harness.Answer = Text("m 7\n");
        rows = await _harness.ScrapeAsync();
        Assert.Equal((7d, 1d, 0d), (Value(rows, "m"), Value(rows, "up"), Value(rows, "scrape_series_added")));
    }

    [Fact]
    public async Task A_silent_target_runs_into_the_timeout_and_keeps_its_rhythm()
    {
        _harness.Config = _harness.Config with { ScrapeTimeout = TimeSpan.FromSeconds(15) };
        _harness.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        _harness.Apply(_harness.Address);
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.AdvanceToNext();
        long began = _harness.Time.NowMs;
        IReadOnlyList<RecordingStorage.Row> rows = await _harness.ScrapeAsync();
        Assert.Equal((0d, 15d, began), (Value(rows, "up"), Value(rows, "scrape_duration_seconds"), rows[0].TimestampMs));

        // The next one is due already, and begins at once.
        Assert.Equal(began + 15_000, (await _harness.ScrapeAsync())[0].TimestampMs);
        Assert.Equal($"Get \"http://{_harness.Address}/metrics\": context deadline exceeded", _harness.Manager.GetPools()[0].Active[0].LastError);
    }

    [Fact]
    public async Task A_body_that_stalls_runs_into_the_timeout_too()
    {
        _harness.Answer = async context =>
        {
            context.Response.ContentType = "text/plain";
            await context.Response.WriteAsync("m 1\n");
            await context.Response.Body.FlushAsync();
            _ = Task.Run(() => _harness.Time.Advance(TimeSpan.FromSeconds(10)));
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        _harness.Apply(_harness.Address);
        Assert.Equal(0, Value(await _harness.ScrapeAsync(), "up"));
        Assert.EndsWith("context deadline exceeded", (await _harness.SnapshotAsync()).LastError);
    }

    [Theory]
    [InlineData("text/plain", null, "")]
    [InlineData("application/json", null, "received unsupported Content-Type \"application/json\" and no fallback_scrape_protocol specified for target")]
    [InlineData(null, null, "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target")]
    [InlineData(null, ScrapeProtocol.Text004, "")]
    [InlineData("application/json", ScrapeProtocol.Text004, "")]
    [InlineData("application/openmetrics-text", null, "data does not end with # EOF")]
    public async Task Content_types_choose_the_parser(string? contentType, ScrapeProtocol? fallback, string error)
    {
        _harness.Config = _harness.Config with { FallbackScrapeProtocol = fallback };
        _harness.Answer = Text("m 1\n", contentType);
        _harness.Apply(_harness.Address);
        Assert.Equal(error.Length == 0 ? 1 : 0, Value(await _harness.ScrapeAsync(), "up"));
        Assert.Equal(error, (await _harness.SnapshotAsync()).LastError);
    }

    [Fact]
    public async Task Failures_are_noted_in_the_file_that_the_configuration_names()
    {
        string folder = Directory.CreateTempSubdirectory("narthex-failures-").FullName;
        try
        {
            string path = Path.Combine(folder, "failures.log");
            _harness.Config = _harness.Config with { ScrapeFailureLogFile = path };
            _harness.Answer = Text("", status: 503);
            _harness.Apply(_harness.Address);
            await _harness.ScrapeAsync();

            // A log that was moved away begins again with the next reload.
            File.Move(path, path + ".1");
            _harness.Apply(_harness.Address);
            _harness.Answer = Text("", status: 404);
            await _harness.ScrapeAsync();
            _harness.Config = _harness.Config with { ScrapeFailureLogFile = "" };
            _harness.Apply(_harness.Address);
            await _harness.ScrapeAsync();

            string url = $"http://{_harness.Address}/metrics";
            Assert.Matches(
                $$"""^\{"time":"[^"]+","level":"ERROR","source":"[^"]+","msg":"server returned HTTP status 503 Service Unavailable","job_name":"job","target":"{{url}}"\}\n$""",
                await File.ReadAllTextAsync(path + ".1"));
            Assert.Contains("404", Assert.Single(await File.ReadAllLinesAsync(path)), StringComparison.Ordinal);

            _harness.Config = _harness.Config with { ScrapeFailureLogFile = Path.Combine(folder, "missing", "x.log") };
            Assert.Throws<ConfigurationException>(() => _harness.Apply(_harness.Address));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task An_empty_body_is_a_good_scrape_whatever_its_type()
    {
        _harness.Answer = Text("", contentType: null);
        _harness.Apply(_harness.Address);
        Assert.Equal(1, Value(await _harness.ScrapeAsync(), "up"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Bodies_that_reach_the_limit_are_refused_packed_or_not(bool gzip)
    {
        _harness.Config = _harness.Config with { Limits = new ScrapeLimits { BodySizeBytes = 100 }, ExtraScrapeMetrics = true };
        _harness.Answer = Text("m 1\n" + new string('\n', 95), gzip: gzip);
        _harness.Apply(_harness.Address);
        Assert.Equal(99, Value(await _harness.ScrapeAsync(), "scrape_body_size_bytes"));
        _harness.Answer = Text("m 1\n" + new string('\n', 96), gzip: gzip);
        IReadOnlyList<RecordingStorage.Row> rows = await _harness.ScrapeAsync();
        Assert.Equal((0d, -1d), (Value(rows, "up"), Value(rows, "scrape_body_size_bytes")));
        Assert.Equal("body size limit exceeded", (await _harness.SnapshotAsync()).LastError);
        Assert.Equal(1, _harness.Metric("prometheus_target_scrapes_exceeded_body_size_limit_total"));
    }

    [Fact]
    public async Task A_body_that_breaks_off_is_no_scrape()
    {
        _harness.Answer = async context =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("m 1\n");
            await context.Response.Body.FlushAsync();
            context.Abort();
        };
        _harness.Apply(_harness.Address);
        Assert.Equal(0, Value(await _harness.ScrapeAsync(), "up"));
        Assert.Matches("(EOF|read: connection reset by peer)$", (await _harness.SnapshotAsync()).LastError);
    }

    [Fact]
    public async Task Redirects_that_are_not_followed_are_errors()
    {
        _harness.Config = _harness.Config with { HttpClient = _harness.Config.HttpClient with { FollowRedirects = false } };
        _harness.Answer = context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        };
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        Assert.Equal("server returned HTTP status 302 Found", (await _harness.SnapshotAsync()).LastError);
    }

    [Fact]
    public async Task Errors_of_the_network_read_as_upstreams()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string address = listener.LocalEndpoint.ToString()!;
        listener.Stop();
        _harness.Apply(address);
        await _harness.ScrapeAsync();
        Assert.Equal($"Get \"http://{address}/metrics\": dial tcp {address}: connect: connection refused", (await _harness.SnapshotAsync()).LastError);
    }

    [Theory]
    [InlineData("a b:80", "http", "parse \"http://a%20b:80/metrics\": invalid URL escape \"%20\"")]
    [InlineData("10.5:80", "http", "Get \"http://10.5:80/metrics\": dial tcp: lookup 10.5: no such host")]
    [InlineData("010.0.0.1:80", "http", "Get \"http://010.0.0.1:80/metrics\": dial tcp: lookup 010.0.0.1: no such host")]
    [InlineData("a^b:80", "http", "parse \"http://a%5Eb:80/metrics\": invalid URL escape \"%5E\"")]
    [InlineData("a@b:80", "http", "parse \"http://a%40b:80/metrics\": invalid URL escape \"%40\"")]
    [InlineData("a%zz:80", "http", "Get \"http://a%25zz:80/metrics\": dial tcp: lookup a%zz: no such host")]
    [InlineData("a..b:80", "http", "Get \"http://a..b:80/metrics\": dial tcp: lookup a..b: no such host")]
    [InlineData("host:x", "http", "parse \"http://host:x/metrics\": invalid port \":x\" after host")]
    [InlineData(":", "http", "Get \"http:///metrics\": http: no Host in request URL")]
    [InlineData("a:99999", "http", "Get \"http://a:99999/metrics\": dial tcp: address 99999: invalid port")]
    [InlineData("::1", "http", "Get \"http://::1/metrics\": dial tcp: lookup :: no such host: address ::1: too many colons in address")]
    [InlineData("host:1", "ftp", "Get \"ftp://host:1/metrics\": unsupported protocol scheme \"ftp\"")]
    public async Task Addresses_that_are_none_fail_their_own_target_only(string address, string scheme, string error)
    {
        _harness.Apply([Labels.FromStrings("__address__", address, "__scheme__", scheme)]);
        Assert.Equal(0, Value(await _harness.ScrapeAsync(), "up"));
        Assert.Equal(error, (await _harness.SnapshotAsync()).LastError);
    }

    [Fact]
    public async Task An_encrypted_target_that_is_none_is_a_readable_error()
    {
        _harness.Apply([Labels.FromStrings("__address__", _harness.Address, "__scheme__", "https")]);
        Assert.Equal(0, Value(await _harness.ScrapeAsync(), "up"));
        Assert.Equal($"Get \"https://{_harness.Address}/metrics\": http: server gave HTTP response to HTTPS client", (await _harness.SnapshotAsync()).LastError);
    }

    [Fact]
    public async Task Series_that_storage_dropped_are_looked_up_again_without_losing_the_sample()
    {
        _harness.Answer = Text("m 1\nn 2\n");
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        _harness.Storage.Drop("m" + Suffix);
        _harness.Storage.Drop("up" + Suffix);
        IReadOnlyList<RecordingStorage.Row> first = await _harness.ScrapeAsync();
        Assert.Equal(2, first.Count(row => row.Error == AppendError.UnknownSeries));
        Assert.DoesNotContain(await _harness.Storage.NextCommitAsync(), row => row.Error != AppendError.None);
        Assert.All((string[])["m", "n", "up"], name => Assert.Equal(2, _harness.Storage.Samples(name + Suffix).Count));
        Assert.DoesNotContain(_harness.Storage.Samples("n" + Suffix), sample => sample.IsStale);
    }

    [Fact]
    public async Task Reports_on_failed_scrapes_are_looked_up_again_too()
    {
        _harness.Answer = Text("", status: 500);
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        _harness.Storage.Drop("up" + Suffix);
        await _harness.ScrapeAsync();
        await _harness.Storage.NextCommitAsync();
        Assert.Equal(2, _harness.Storage.Samples("up" + Suffix).Count);
    }

    [Fact]
    public async Task Storage_that_fails_shows_at_the_target_and_the_next_scrape_is_tried()
    {
        _harness.Apply(_harness.Address);
        _harness.Storage.Fault = new StorageException("no space left on device");
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.AdvanceToNext();
        while (_harness.Manager.GetPools()[0].Active[0].Health != TargetHealth.Down)
        {
            await Task.Yield();
        }

        Assert.Equal("no space left on device", (await _harness.SnapshotAsync()).LastError);
        _harness.Storage.Fault = null;
        Assert.Equal(1, Value(await _harness.ScrapeAsync(), "up"));
    }

    [Fact]
    public async Task Duplicates_and_samples_out_of_order_are_counted_and_markers_are_not()
    {
        _harness.Answer = Text("m 1\nm 2\no 1 1699999990000\nf 1 9999999999999\nn 3\n");
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        _harness.Answer = Text("m 1\nm 2\no 1 1699999980000\n");
        await _harness.ScrapeAsync();
        await _harness.SnapshotAsync();
        Assert.Equal(2, _harness.Metric("prometheus_target_scrapes_sample_duplicate_timestamp_total"));
        Assert.Equal(1, _harness.Metric("prometheus_target_scrapes_sample_out_of_order_total"));
        Assert.Equal(1, _harness.Metric("prometheus_target_scrapes_sample_out_of_bounds_total"));
        Assert.Equal(1, _harness.Metric("prometheus_target_interval_length_seconds"));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_stops_nothing()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.SetBack(TimeSpan.FromHours(5));
        long before = _harness.Time.GetTimestamp();
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.AdvanceToNext();
        await _harness.ScrapeAsync();
        Assert.InRange(TimeSpan.FromTicks(_harness.Time.GetTimestamp() - before).TotalSeconds, 0, 30);
    }

    [Fact]
    public async Task Shutdown_during_a_scrape_writes_nothing()
    {
        var asked = new TaskCompletionSource();
        _harness.Answer = context =>
        {
            asked.SetResult();
            return Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        _harness.Apply(_harness.Address);
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.AdvanceToNext();
        await asked.Task;
        await _harness.Manager.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.False(_harness.Storage.HasCommit);
        Assert.Equal(0, _harness.Time.TimerCount);
    }

    internal static double Value(IReadOnlyList<RecordingStorage.Row> rows, string name) => rows.Single(row => row.Series.Split('{')[0] == name).Value;
}
