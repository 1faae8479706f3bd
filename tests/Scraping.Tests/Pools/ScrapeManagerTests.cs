using System.Net.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

public sealed class ScrapeManagerTests : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);
    private static readonly ScrapeConfig s_job = new() { JobName = "j", ScrapeInterval = s_interval, ScrapeTimeout = TimeSpan.FromSeconds(3) };

    private readonly ManualTime _time = new();
    private readonly FakeStorage _storage = new();
    private readonly List<FakeTarget> _handlers = [];
    private readonly ScrapeManager _manager;

    public ScrapeManagerTests() => _manager = new ScrapeManager(
        _storage,
        _ =>
        {
            var handler = new FakeTarget { Body = "a 1\n" };
            _handlers.Add(handler);
            return handler;
        },
        new ScrapeOptions(),
        new MetricRegistry(_time),
        _time,
        NullLogger.Instance);

    public async ValueTask DisposeAsync() => await _manager.DisposeAsync();

    [Fact]
    public async Task Scrapes_lie_on_a_grid_and_carry_its_timestamps()
    {
        Apply(s_job);
        Discover("h");
        await _time.FireAsync(static _ => true);
        List<Stored> first = await _storage.NextCommitAsync();
        for (int i = 1; i <= 3; i++)
        {
            // A little late, within the tolerance: the grid's time is stored.
            TimeSpan remaining = await _time.WaitForTimerAsync(static _ => true);
            _time.Advance(remaining);
            List<Stored> next = await _storage.NextCommitAsync();
            Assert.Equal(first[0].TimestampMs + (i * 10_000), next[0].TimestampMs);
        }
    }

    [Fact]
    public void The_first_scrape_is_within_one_interval_at_the_targets_place()
    {
        DateTimeOffset now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_003_000);
        Assert.Equal(TimeSpan.FromSeconds(9), ScrapeLoop.FirstDelay(now, s_interval, TimeSpan.FromSeconds(2)));
        Assert.Equal(TimeSpan.FromSeconds(1), ScrapeLoop.FirstDelay(now, s_interval, TimeSpan.FromSeconds(4)));
    }

    [Fact]
    public async Task A_target_that_is_gone_gets_staleness_markers_two_scrapes_later()
    {
        Apply(s_job);
        Discover("h");
        await _time.FireAsync(static _ => true);
        long scrapedAt = (await _storage.NextCommitAsync())[0].TimestampMs;
        Discover();
        Assert.Empty(Assert.Single(_manager.GetPools()).Active);
        await _time.FireAsync(static due => due == s_interval);
        Assert.False(_storage.TryTakeCommit(out _));
        await _time.FireAsync(static due => due == s_interval * 1.1);
        List<Stored> markers = await _storage.NextCommitAsync();
        Assert.All(markers, sample => Assert.True(sample.IsStale));
        Assert.All(markers, sample => Assert.Equal(scrapedAt + 10_000, sample.TimestampMs));
        Assert.Equal(6, markers.Count);
    }

    [Fact]
    public async Task A_target_that_comes_back_in_time_goes_on_without_markers()
    {
        Apply(s_job);
        Discover("h");
        await _time.FireAsync(static _ => true);
        await _storage.NextCommitAsync();
        int lookUps = _storage.LookUps;
        Discover();
        await _time.WaitForTimerAsync(static due => due == s_interval);
        Discover("h");

        // The timer of the loop that ends may still be set for a moment.
        Task<List<Stored>> commit = _storage.NextCommitAsync();
        while (!commit.IsCompleted)
        {
            await Task.WhenAny(commit, _time.FireAsync(static _ => true));
        }

        List<Stored> next = await commit;
        Assert.DoesNotContain(next, sample => sample.IsStale);
        Assert.Equal(lookUps, _storage.LookUps);
    }

    [Fact]
    public async Task An_unchanged_configuration_touches_nothing_and_another_interval_keeps_the_series()
    {
        Apply(s_job);
        Discover("h");
        await _time.FireAsync(static _ => true);
        await _storage.NextCommitAsync();
        int lookUps = _storage.LookUps;
        TimeSpan due = await _time.WaitForTimerAsync(static _ => true);
        Apply(s_job with { });
        Assert.Equal(due, await _time.WaitForTimerAsync(static _ => true));
        Assert.Single(_handlers);

        Apply(s_job with { ScrapeInterval = TimeSpan.FromSeconds(20) });
        await _time.FireAsync(static _ => true);
        Assert.DoesNotContain(await _storage.NextCommitAsync(), sample => sample.IsStale);
        Assert.Equal(lookUps, _storage.LookUps);
        Assert.Equal(TimeSpan.FromSeconds(20), Assert.Single(_manager.GetPools()[0].Active).ScrapeInterval);
    }

    [Fact]
    public async Task A_hanging_target_is_given_up_after_its_timeout()
    {
        Apply(s_job);
        Discover("h");
        _handlers[0].Hangs = true;
        await _time.FireAsync(static _ => true);
        await _time.FireAsync(static due => due == TimeSpan.FromSeconds(3));
        List<Stored> commit = await _storage.NextCommitAsync();
        Assert.Equal(0, commit.Single(sample => sample.Labels.MetricName == "up").Value);
        await _time.WaitForTimerAsync(static due => due == TimeSpan.FromSeconds(7));
        TargetSnapshot snapshot = Assert.Single(_manager.GetPools()[0].Active);
        Assert.Equal("Get \"http://h/metrics\": context deadline exceeded", snapshot.LastError);
        Assert.Equal((TargetHealth.Down, TimeSpan.FromSeconds(3)), (snapshot.Health, snapshot.LastScrapeDuration));
    }

    [Fact]
    public async Task More_targets_than_allowed_fail_all_until_there_are_fewer()
    {
        Apply(s_job with { Limits = new ScrapeLimits { Targets = 1 } });
        Discover("h", "i");
        await _time.FireAsync(static _ => true);
        List<Stored> commit = await _storage.NextCommitAsync();
        Assert.Equal(0, commit.Single(sample => sample.Labels.MetricName == "up").Value);
        Assert.Contains(
            _manager.GetPools()[0].Active, target => target.LastError is "target_limit exceeded (number of targets: 2, limit: 1)" or "");
        Assert.Empty(_handlers[0].Urls);
    }

    [Fact]
    public void Dropped_targets_are_counted_and_kept_up_to_the_limit()
    {
        var rule = new RelabelConfig { Action = RelabelAction.Drop, SourceLabels = ["__address__"], Regex = RelabelRegex.Parse("d.*") };
        Apply(s_job with { RelabelConfigs = [rule], Limits = new ScrapeLimits { KeepDroppedTargets = 1 } });
        Discover("h", "d1", "d2");
        ScrapePoolSnapshot pool = Assert.Single(_manager.GetPools());
        Assert.Equal((1, 1, 2), (pool.Active.Count, pool.Dropped.Count, pool.DroppedCount));
    }

    [Fact]
    public void A_removed_job_is_gone_and_a_changed_http_configuration_makes_another_client()
    {
        Apply(s_job, s_job with { JobName = "k" });
        _manager.UpdateTargets(new Dictionary<string, IReadOnlyList<TargetGroup>> { ["j"] = [], ["k"] = [] });
        Assert.Equal(["j", "k"], _manager.GetPools().Select(pool => pool.Name));
        Apply(s_job with { HttpClient = new HttpClientConfig { FollowRedirects = false } });
        Assert.Equal(["j"], _manager.GetPools().Select(pool => pool.Name));
        Assert.Equal(3, _handlers.Count);
        Assert.True(_handlers[1].IsDisposed);
    }

    private void Apply(params ScrapeConfig[] jobs) => _manager.ApplyConfig(new PrometheusConfig { ScrapeConfigs = [.. jobs] });

    private void Discover(params string[] addresses) => _manager.UpdateTargets(new Dictionary<string, IReadOnlyList<TargetGroup>>
    {
        ["j"] = [new TargetGroup { Source = "s", Targets = [.. addresses.Select(address => Labels.FromStrings("__address__", address))] }],
    });
}
