using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

/// <summary>Jobs whose HTTP client cannot be made, for want of a certificate for instance.</summary>
public sealed class FailingPoolTests : IAsyncLifetime
{
    private ScrapeHarness _harness = null!;

    public async Task InitializeAsync() => _harness = await ScrapeHarness.StartAsync();

    public async Task DisposeAsync() => await _harness.DisposeAsync();

    [Fact]
    public async Task A_job_without_a_client_leaves_the_others_alone_and_begins_when_there_can_be_one()
    {
        ScrapeConfig other = _harness.Config with { JobName = "other" };
        _harness.ClientFault = config => config.JobName == "job" ? new HttpClientConfigException("no certificate") : null;
        _harness.Manager.ApplyConfig([_harness.Config, other], Labels.Empty);
        ApplyTargets();
        Assert.Equal(["other"], _harness.Manager.GetPools().Select(pool => pool.Name));
        Assert.Equal(2, _harness.Metric("prometheus_target_scrape_pools_failed_total"));
        _harness.ClientFault = null;
        ApplyTargets();
        Assert.Equal(["job", "other"], _harness.Manager.GetPools().Select(pool => pool.Name));
        Assert.NotEmpty(await _harness.ScrapeAsync(sleeping: 2));

        void ApplyTargets()
        {
            TargetGroup[] groups = [new TargetGroup { Source = "s", Targets = [Labels.FromStrings("__address__", _harness.Address)] }];
            _harness.Manager.ApplyTargets(new Dictionary<string, IReadOnlyList<TargetGroup>> { ["job"] = groups, ["other"] = groups });
        }
    }

    [Fact]
    public async Task A_pool_that_runs_does_not_lose_its_client_to_a_reload()
    {
        _harness.Apply(_harness.Address);
        await _harness.ScrapeAsync();
        _harness.ClientFault = _ => new HttpClientConfigException("no certificate");
        ScrapeConfig changed = _harness.Config with { HttpClient = _harness.Config.HttpClient with { FollowRedirects = false } };
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => _harness.Manager.ApplyConfig([changed], Labels.Empty));
        Assert.Equal("error reloading scrape pool job: error creating HTTP client: no certificate", error.Message);
        Assert.Equal(1, _harness.Metric("prometheus_target_scrape_pool_reloads_failed_total"));
        Assert.NotEmpty(await _harness.ScrapeAsync());
        Assert.Equal(TargetHealth.Up, (await _harness.SnapshotAsync()).Health);
    }
}
