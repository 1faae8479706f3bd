using Narthex.Configuration;
using Narthex.Model;
using static Narthex.Scraping.Tests.ScrapeHarness;
using static Narthex.Scraping.Tests.ScrapeLoopTests;

namespace Narthex.Scraping.Tests;

public sealed class ScrapePoolTests : IAsyncLifetime
{
    private const string Series = "m{instance=\"i\",job=\"job\"}";
    private ScrapeHarness _harness = null!;

    public async Task InitializeAsync() => _harness = await StartAsync();

    public async Task DisposeAsync() => await _harness.DisposeAsync();

    [Fact]
    public async Task A_reload_keeps_loops_connections_and_caches_of_targets_that_stay()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        int lookups = _harness.Storage.Lookups;
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Config = _harness.Config with { Limits = new ScrapeLimits { Samples = 1000 }, HonorTimestamps = false };
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        Assert.Single(_harness.Requests.Select(request => request.ConnectionId).Distinct());
        Assert.Single(_harness.Clients);
        Assert.DoesNotContain(_harness.Storage.Samples(Series), sample => sample.IsStale);
        Assert.Equal(2, _harness.Storage.Samples(Series).Count);
        Assert.Equal(lookups + 1, _harness.Storage.Lookups); // The limits may refuse what was resolved before, so it is resolved again.
        Assert.Equal(1, _harness.Metric("prometheus_target_scrape_pool_reloads_total"));
        Assert.Equal(2, _harness.Metric("prometheus_target_scrape_pool_sync_total") - 1);
    }

    [Fact]
    public async Task Changed_metric_relabelling_ends_the_old_series_and_begins_new_ones()
    {
        _harness.Answer = Text("m 1\nn 2\n");
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        _harness.Config = _harness.Config with
        {
            MetricRelabelConfigs = [new RelabelConfig { SourceLabels = ["__name__"], Regex = RelabelRegex.Parse("m"), TargetLabel = "l", Replacement = "x" }],
        };
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        Assert.True(_harness.Storage.Samples(Series)[^1].IsStale);
        Assert.False(_harness.Storage.Samples("m{instance=\"i\",job=\"job\",l=\"x\"}")[^1].IsStale);
        Assert.False(_harness.Storage.Samples("n{instance=\"i\",job=\"job\"}")[^1].IsStale);
        Assert.Equal(0, _harness.Metric("prometheus_target_scrapes_sample_duplicate_timestamp_total"));
    }

    [Fact]
    public async Task A_changed_client_replaces_the_old_one_without_breaking_the_scrape_under_way()
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource();
        _harness.Answer = async context =>
        {
            asked.TrySetResult();
            await answer.Task;
            await Text("m 1\n")(context);
        };
        _harness.Apply(_harness.Address);
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.AdvanceToNext();
        await asked.Task;
        _harness.Config = _harness.Config with { HttpClient = _harness.Config.HttpClient with { FollowRedirects = false } };
        _harness.Apply(_harness.Address);
        Assert.False(_harness.Clients[0].IsDisposed);
        answer.SetResult();
        Assert.Equal(1, Value(await _harness.Storage.NextCommitAsync(), "up"));
        Assert.Equal(1, Value(await _harness.ScrapeAsync(), "up"));
        Assert.Equal([true, false], _harness.Clients.Select(client => client.IsDisposed));
    }

    [Fact]
    public async Task A_removed_target_gets_its_markers_after_two_intervals()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.Advance(TimeSpan.FromSeconds(1));
        long removed = _harness.Time.NowMs;
        _harness.Apply(Array.Empty<string>());
        await _harness.Time.WhenSleepingAsync(1, TimeSpan.FromSeconds(15));
        _harness.Time.Advance(TimeSpan.FromSeconds(15));
        await _harness.Time.WhenSleepingAsync(1, TimeSpan.FromSeconds(16.5));
        _harness.Time.Advance(TimeSpan.FromSeconds(16.4));
        Assert.False(_harness.Storage.HasCommit);
        _harness.Time.Advance(TimeSpan.FromSeconds(0.1));
        IReadOnlyList<RecordingStorage.Row> rows = await _harness.Storage.NextCommitAsync();
        Assert.Equal(6, rows.Count);
        Assert.All(rows, row => Assert.True(row.IsStale));
        Assert.All(rows, row => Assert.Equal(removed + 15_000, row.TimestampMs));
    }

    [Fact]
    public async Task A_target_that_comes_back_in_time_goes_on_as_if_nothing_were()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        int lookups = _harness.Storage.Lookups;
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.Advance(TimeSpan.FromSeconds(1));
        _harness.Apply(Array.Empty<string>());
        await _harness.Time.WhenSleepingAsync(1, TimeSpan.FromSeconds(15));
        _harness.Time.Advance(TimeSpan.FromSeconds(15));
        await _harness.Time.WhenSleepingAsync(1, TimeSpan.FromSeconds(16.5));
        _harness.Apply(_harness.Address);
        await _harness.Time.WhenSleepingAsync(1, TimeSpan.FromSeconds(14));
        await _harness.ScrapeAsync();
        _harness.Answer = Text("other 1\n");
        await _harness.ScrapeAsync();
        Assert.Equal([false, false, true], _harness.Storage.Samples(Series).Select(sample => sample.IsStale));
        Assert.Equal(lookups + 1, _harness.Storage.Lookups); // Only for the new series.
    }

    [Fact]
    public async Task A_changed_interval_takes_the_series_along()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.Advance(TimeSpan.FromSeconds(14));
        _harness.Config = _harness.Config with { ScrapeInterval = TimeSpan.FromMilliseconds(20_011) }; // Prime to the former: no wait is as long as one of the old loop.
        _harness.Apply(_harness.Address);
        await _harness.Time.WhenNextIsNotInAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(15));
        Assert.Equal(0, Value(await _harness.ScrapeAsync(), "scrape_series_added"));
        await _harness.ScrapeAsync();
        Assert.DoesNotContain(_harness.Storage.Samples(Series), sample => sample.IsStale);
        Assert.Equal(TimeSpan.FromMilliseconds(20_011), (await _harness.SnapshotAsync()).ScrapeInterval);
    }

    [Fact]
    public async Task A_removed_job_ends_its_series_and_its_metrics()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        await _harness.Time.WhenSleepingAsync(1);
        _harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _harness.Metric("prometheus_target_scrape_pool_targets"));
        _harness.Manager.ApplyConfig([], Labels.Empty);
        Assert.Empty(_harness.Manager.GetPools());
        _harness.Config = _harness.Config with { ScrapeInterval = TimeSpan.FromDays(300) };
        _harness.Apply(_harness.Address, _harness.Address + "0");
        Assert.Equal(2, _harness.Metric("prometheus_target_scrape_pool_targets"));
        await _harness.Time.WhenSleepingAsync(3, TimeSpan.FromSeconds(15));
        _harness.Time.Advance(TimeSpan.FromSeconds(15));
        await _harness.Time.WhenSleepingAsync(3, TimeSpan.FromSeconds(16.5));
        _harness.Time.Advance(TimeSpan.FromSeconds(16.5));
        Assert.True((await _harness.Storage.NextCommitAsync())[0].IsStale);
        Assert.Equal(2, _harness.Metric("prometheus_target_scrape_pool_targets"));
    }

    [Fact]
    public async Task More_targets_than_the_limit_fail_every_scrape_until_there_are_fewer()
    {
        _harness.Config = _harness.Config with { Limits = new ScrapeLimits { Targets = 1 } };
        _harness.Apply(_harness.Address, "127.0.0.1:1");
        Assert.Equal(0, Value(await _harness.ScrapeAsync(sleeping: 2), "up"));
        Assert.Empty(_harness.Requests);
        await _harness.Time.WhenSleepingAsync(2);
        Assert.Contains(_harness.Manager.GetPools()[0].Active, target => target.LastError == "target_limit exceeded (number of targets: 2, limit: 1)");
        Assert.Equal(1, _harness.Metric("prometheus_target_scrape_pool_exceeded_target_limit_total"));
        Assert.Equal(1, _harness.Metric("prometheus_target_scrape_pool_target_limit"));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(2, 2)]
    public void Dropped_targets_are_counted_all_and_kept_up_to_the_limit(long limit, int kept)
    {
        _harness.Config = _harness.Config with
        {
            Limits = new ScrapeLimits { KeepDroppedTargets = limit },
            RelabelConfigs = [new RelabelConfig { SourceLabels = ["__address__"], Regex = RelabelRegex.Parse("d.*"), Action = RelabelAction.Drop }],
        };
        _harness.Apply("d:1", "a:1", "d:2", "d:3", "a/b");
        ScrapePoolSnapshot pool = _harness.Manager.GetPools().Single();
        Assert.Equal(("job", 3, kept), (pool.Name, pool.DroppedCount, pool.Dropped.Count));
        Assert.Equal("d:1", pool.Dropped[0].DiscoveredLabels["__address__"]);
        Assert.Equal("http://a:1/metrics", pool.Active.Single().ScrapeUrl);
        Assert.Equal(TargetHealth.Unknown, pool.Active.Single().Health);
        Assert.Equal(1, _harness.Metric("prometheus_target_sync_failed_total"));
    }

    [Fact]
    public async Task Ten_thousand_targets_are_ten_thousand_timers_and_no_threads()
    {
        _harness.Config = _harness.Config with { ScrapeInterval = TimeSpan.FromDays(300) };
        int threads = ThreadPool.ThreadCount;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        _harness.Apply([.. Enumerable.Range(0, 10_000).Select(i => Labels.FromStrings("__address__", $"host{i}:80"))]);
        await _harness.Time.WhenSleepingAsync(10_000);
        long bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / 10_000;
        Assert.InRange(ThreadPool.ThreadCount, 0, threads + 20);
        Assert.InRange(bytes, 0, 6000);
    }

    [Fact]
    public async Task Metadata_is_shown_with_the_target()
    {
        _harness.Answer = Text("# TYPE m counter\n# HELP m Text.\nm 1\n");
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        Assert.Equal(
            [new TargetMetadata(Labels.FromStrings("instance", "i", "job", "job"), "m", new MetricMetadata(MetricType.Counter, "", "Text."))],
            _harness.Manager.GetMetadata());
        Assert.Equal(1, _harness.Metric("prometheus_target_metadata_cache_entries"));
    }
}
