using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

public class TargetBuilderTests
{
    private static readonly ScrapeConfig s_config = new() { JobName = "j" };

    [Fact]
    public void Labels_come_from_target_group_and_configuration_in_this_order()
    {
        var group = new TargetGroup
        {
            Source = "s",
            Targets = [Labels.FromStrings("__address__", "h:1", "a", "target", "__meta_x", "m")],
            Labels = Labels.FromStrings("a", "group", "b", "group", "job", "other"),
        };
        Target target = Assert.Single(TargetBuilder.Build(s_config, [group]).Targets);
        Assert.Equal("{a=\"target\", b=\"group\", instance=\"h:1\", job=\"other\"}", target.PublicLabels.ToString());
        Assert.Equal(
            "{__address__=\"h:1\", __meta_x=\"m\", __metrics_path__=\"/metrics\", __scheme__=\"http\", __scrape_interval__=\"1m\", __scrape_timeout__=\"10s\", a=\"target\", b=\"group\", job=\"other\"}",
            target.DiscoveredLabels.ToString());
        Assert.Equal("http://h:1/metrics", target.Url.AbsoluteUri);
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(10)), (target.Interval, target.Timeout));
    }

    [Fact]
    public void Url_and_schedule_follow_the_labels()
    {
        var config = s_config with { Params = new([new("module", ["a", "b"]), new("x", ["y z"])]) };
        Target target = Assert.Single(Build(
            config, "__address__", "[::1]:80", "__scheme__", "https", "__metrics_path__", "/p", "__param_module", "c", "__param_t", "v/",
            "__scrape_interval__", "5s", "__scrape_timeout__", "500ms").Targets);
        Assert.Equal("https://[::1]:80/p?module=c&module=b&t=v%2F&x=y+z", target.Url.AbsoluteUri);
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromMilliseconds(500)), (target.Interval, target.Timeout));
    }

    [Theory]
    [InlineData("no address", "a", "b")]
    [InlineData("\"h/x\" is not a valid hostname", "__address__", "h/x")]
    [InlineData("error parsing scrape interval: not a valid duration string: \"5x\"", "__address__", "h", "__scrape_interval__", "5x")]
    [InlineData("scrape interval cannot be 0", "__address__", "h", "__scrape_interval__", "0s")]
    [InlineData("scrape timeout cannot be 0", "__address__", "h", "__scrape_timeout__", "0")]
    [InlineData("scrape timeout cannot be greater than scrape interval (\"10s\" > \"5s\")", "__address__", "h", "__scrape_interval__", "5s")]
    public void What_no_target_can_be_made_of_is_explained(string problem, params string[] labels)
    {
        TargetSet set = Build(s_config, labels);
        Assert.Equal(problem, Assert.Single(set.Problems).Problem);
        Assert.Empty(set.Targets);
    }

    [Fact]
    public void Dropped_targets_keep_their_discovered_labels_and_equal_targets_come_once()
    {
        var rule = new RelabelConfig { Action = RelabelAction.Drop, SourceLabels = ["__meta_drop"], Regex = RelabelRegex.Parse("yes") };
        var group = new TargetGroup
        {
            Source = "s",
            Targets =
            [
                Labels.FromStrings("__address__", "a", "__meta_drop", "yes"), Labels.FromStrings("__address__", "b", "__meta_drop", "no"),
                Labels.FromStrings("__address__", "b", "__meta_drop", "never"),
            ],
        };
        TargetSet set = TargetBuilder.Build(s_config with { RelabelConfigs = [rule] }, [group]);
        Assert.Equal("yes", Assert.Single(set.Dropped)["__meta_drop"]);
        Assert.Equal("b", Assert.Single(set.Targets).PublicLabels["instance"]);
    }

    [Fact]
    public void Global_url_names_this_host_in_place_of_loopback()
    {
        Target target = Assert.Single(Build(s_config, "__address__", "localhost:9100").Targets);
        var options = new ScrapeOptions { HostName = "me", ExternalUrl = new Uri("https://prom.example:8443/x/"), ListenPort = 9090 };
        Assert.Equal("http://me:9100/metrics", target.Snapshot("j", options with { ExternalUrl = null }).GlobalUrl);
        Assert.Equal("http://prom.example:9100/metrics", target.Snapshot("j", options).GlobalUrl);
        Target self = Assert.Single(Build(s_config, "__address__", "127.0.0.1:9090").Targets);
        Assert.Equal("https://prom.example:8443/metrics", self.Snapshot("j", options).GlobalUrl);
    }

    [Fact]
    public void Offsets_spread_over_the_interval_and_depend_on_the_server()
    {
        Target[] targets = [.. Enumerable.Range(0, 200).Select(i => Build(s_config, "__address__", "h" + i).Targets[0])];
        double[] places = [.. targets.Select(target => target.Offset(1) / target.Interval)];
        Assert.All(places, place => Assert.InRange(place, 0, 1));
        Assert.InRange(places.Average(), 0.4, 0.6);
        Assert.Contains(targets, target => target.Offset(1) != target.Offset(2));
    }

    private static TargetSet Build(ScrapeConfig config, params string[] labels) =>
        TargetBuilder.Build(config, [new TargetGroup { Source = "s", Targets = [Labels.FromStrings(labels)] }]);
}
