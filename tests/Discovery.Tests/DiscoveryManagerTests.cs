using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Discovery.Tests;

public sealed class DiscoveryManagerTests
{
    [Fact]
    public async Task Static_targets_are_there_at_once()
    {
        await using var fixture = new DiscoveryFixture();

        fixture.Apply(("a", [Static("h:1", "h:2"), Static("h:3") with { Labels = Labels.FromStrings("env", "x") }]), ("empty", []));
        IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> picture = await fixture.NextAsync();

        Assert.Equal(["a", "empty"], picture.Keys.Order());
        Assert.Empty(picture["empty"]);
        Assert.Equal(["0", "1"], picture["a"].Select(group => group.Source));
        Assert.Equal(Labels.FromStrings("__address__", "h:2"), picture["a"][0].Targets[1]);
        Assert.Equal(Labels.FromStrings("env", "x"), picture["a"][1].Labels);
        Assert.Equal(3, fixture.Metrics.DiscoveredTargets.WithLabels("scrape", "a").Value);
    }

    [Fact]
    public async Task Only_the_newest_picture_waits_for_a_slow_reader()
    {
        await using var fixture = new DiscoveryFixture();

        fixture.Apply(("a", [Static("h:1")]));
        fixture.Apply(("a", [Static("h:2")]));
        IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> picture = await fixture.NextAsync();

        Assert.Equal(Labels.FromStrings("__address__", "h:2"), picture["a"][0].Targets[0]);
        Assert.False(fixture.Manager.Updates.TryRead(out _));
        Assert.Equal(2, fixture.Metrics.Updates.WithLabels("scrape").Value);
        Assert.Equal(1, fixture.Metrics.UpdatesDelayed.WithLabels("scrape").Value);
    }

    [Fact]
    public async Task A_mechanism_that_is_not_available_is_counted_and_leaves_the_others_alone()
    {
        await using var fixture = new DiscoveryFixture();
        var unavailable = new GenericSdConfig { KindName = "azure", Settings = new ConfigMapping([]) };

        fixture.Apply(("a", [Static("h:1"), unavailable]));

        Assert.Single((await fixture.NextAsync())["a"]);
        Assert.Equal(1, fixture.Metrics.FailedConfigs.WithLabels("scrape").Value);
    }

    [Fact]
    public async Task Later_changes_are_collected_for_five_seconds()
    {
        await using var fixture = new DiscoveryFixture();
        fixture.Write("t.json", """[{"targets": ["h:1"]}]""");
        fixture.Apply(("a", [fixture.Files("*.json")]));
        await fixture.UntilAsync("a", groups => groups.Count == 1);

        double before = fixture.Metrics.ReceivedUpdates.WithLabels("scrape").Value;
        fixture.Write("t.json", """[{"targets": ["h:2"]}]""");
        await DiscoveryFixture.EventuallyAsync(() => fixture.Metrics.ReceivedUpdates.WithLabels("scrape").Value > before);

        Assert.False(fixture.Manager.Updates.TryRead(out _));

        // One write is several changes of the folder; the first may still show the former file.
        Labels changed = Labels.FromStrings("__address__", "h:2");
        await DiscoveryFixture.EventuallyAsync(() =>
        {
            fixture.Time.Advance(DiscoveryManager.UpdateInterval);
            return fixture.Manager.Updates.TryRead(out IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>? picture)
                && picture["a"][0].Targets[0] == changed;
        });
    }

    [Fact]
    public async Task A_reload_keeps_what_an_unchanged_discoverer_found_and_shares_it_between_jobs()
    {
        await using var fixture = new DiscoveryFixture();
        string path = fixture.Write("t.json", """[{"targets": ["h:1"]}]""");
        fixture.Apply(("a", [fixture.Files("*.json")]));
        await fixture.UntilAsync("a", groups => groups.Count == 1);

        fixture.Apply(("b", [Static("h:9")]), ("c", [fixture.Files("*.json")]));
        IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> picture = await fixture.NextAsync();

        Assert.Equal(["b", "c"], picture.Keys.Order());
        Assert.Equal(path + ":0", Assert.Single(picture["c"]).Source);
    }

    private static StaticSdConfig Static(params string[] targets) => new() { Targets = targets.ToEquatableList() };
}
