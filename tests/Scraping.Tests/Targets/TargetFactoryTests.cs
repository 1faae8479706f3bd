using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

public class TargetFactoryTests
{
    private static readonly ScrapeConfig Config = new() { JobName = "job", ScrapeInterval = TimeSpan.FromSeconds(15), ScrapeTimeout = TimeSpan.FromSeconds(5) };

    [Fact]
    public void Defaults_fill_in_what_discovery_leaves_open()
    {
        TargetFactory.Outcome outcome = Create(Config, "__address__", "host:9100", "__meta_x", "m", "__tmp", "t", "zone", "a");
        Assert.Equal("http://host:9100/metrics", outcome.Target!.Url);
        Assert.Equal(Labels.FromStrings("instance", "host:9100", "job", "job", "zone", "a"), outcome.Target.Labels);
        Assert.Equal(TimeSpan.FromSeconds(15), outcome.Target.Interval);
        Assert.Equal(TimeSpan.FromSeconds(5), outcome.Target.Timeout);
        Assert.Equal(
            Labels.FromStrings(
                "__address__", "host:9100", "__meta_x", "m", "__tmp", "t", "zone", "a", "job", "job", "__scheme__", "http",
                "__metrics_path__", "/metrics", "__scrape_interval__", "15s", "__scrape_timeout__", "5s",
                "__convert_classic_histograms_to_nhcb__", "false", "__always_scrape_classic_histograms__", "false", "__scrape_native_histograms__", "false"),
            outcome.DiscoveredLabels);
    }

    [Fact]
    public void Labels_of_discovery_win_over_the_configuration_and_those_of_a_target_over_its_group()
    {
        var group = new TargetGroup
        {
            Source = "s",
            Targets = [Labels.FromStrings("__address__", "h:1", "a", "target")],
            Labels = Labels.FromStrings("a", "group", "b", "group", "job", "other", "instance", "i", "__scheme__", "https", "__metrics_path__", "p/q"),
        };
        Target target = TargetFactory.Create(Config, group).Single().Target!;
        Assert.Equal("https://h:1/p/q", target.Url);
        Assert.Equal(Labels.FromStrings("a", "target", "b", "group", "job", "other", "instance", "i"), target.Labels);
    }

    [Fact]
    public void Interval_and_timeout_labels_are_in_force()
    {
        Target target = Create(Config, "__address__", "h:1", "__scrape_interval__", "1m", "__scrape_timeout__", "1500ms").Target!;
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromSeconds(1.5)), (target.Interval, target.Timeout));
    }

    [Theory]
    [InlineData("", "15s", "5s", "no address")]
    [InlineData("h:1/x", "15s", "5s", "\"h:1/x\" is not a valid hostname")]
    [InlineData("h:1", "nonsense", "5s", "error parsing scrape interval: not a valid duration string: \"nonsense\"")]
    [InlineData("h:1", "15s", "5 s", "error parsing scrape timeout: not a valid duration string: \"5 s\"")]
    [InlineData("h:1", "0", "5s", "scrape interval cannot be 0")]
    [InlineData("h:1", "0s", "x", "scrape interval cannot be 0")]
    [InlineData("h:1", "15s", "0s", "scrape timeout cannot be 0")]
    [InlineData("h:1", "15s", "16s", "scrape timeout cannot be greater than scrape interval (\"16s\" > \"15s\")")]
    public void Targets_that_cannot_be_say_why(string address, string interval, string timeout, string error)
    {
        TargetFactory.Outcome outcome = Create(Config, "__address__", address, "__scrape_interval__", interval, "__scrape_timeout__", timeout);
        Assert.Null(outcome.Target);
        Assert.Equal(error, outcome.Error);
    }

    [Fact]
    public void Relabelling_drops_targets_without_an_error()
    {
        ScrapeConfig config = Config with
        {
            RelabelConfigs = [new RelabelConfig { SourceLabels = ["a"], Regex = RelabelRegex.Parse("x"), Action = RelabelAction.Drop }],
        };
        TargetFactory.Outcome outcome = Create(config, "__address__", "h:1", "a", "x");
        Assert.Null(outcome.Target);
        Assert.Null(outcome.Error);
        Assert.Equal("x", outcome.DiscoveredLabels["a"]);
        Assert.NotNull(Create(config, "__address__", "h:1", "a", "y").Target);
    }

    [Fact]
    public void Relabelling_can_make_the_address_and_the_instance()
    {
        ScrapeConfig config = Config with
        {
            RelabelConfigs =
            [
                new RelabelConfig { SourceLabels = ["__address__"], TargetLabel = "__param_target" },
                new RelabelConfig { SourceLabels = ["__param_target"], TargetLabel = "instance" },
                new RelabelConfig { TargetLabel = "__address__", Replacement = "exporter:9115" },
            ],
            Params = Params(("module", ["a b", "c&d"]), ("target", [])),
        };
        Target target = Create(config, "__address__", "https://example.com/x?y=z").Target!;
        Assert.Equal("http://exporter:9115/metrics?module=a+b&module=c%26d&target=https%3A%2F%2Fexample.com%2Fx%3Fy%3Dz", target.Url);
        Assert.Equal("https://example.com/x?y=z", target.Labels["instance"]);
    }

    [Fact]
    public void What_discovery_says_wins_over_the_configurations_parameters()
    {
        Target target = Create(Config with { Params = Params(("m", ["config", "second"])) }, "__address__", "h:1", "__param_m", "sd", "__param_n", "sd").Target!;
        Assert.Equal("http://h:1/metrics?m=sd&m=second&n=sd", target.Url);
    }

    [Fact]
    public void A_Unix_socket_makes_another_target_of_the_same_address()
    {
        Target target = Create(Config, "__address__", "h:1", "__unix_socket__", "/run/a.sock").Target!;
        Assert.Equal(("http://h:1/metrics", "/run/a.sock"), (target.Url, target.UnixSocket));
        Assert.False(target.Equals(Create(Config, "__address__", "h:1").Target));
    }

    [Fact]
    public void Labels_say_target_by_target_what_becomes_of_histograms()
    {
        ScrapeConfig config = Config with { ScrapeNativeHistograms = true, AlwaysScrapeClassicHistograms = true };
        Assert.Equal(HistogramParsing.Native | HistogramParsing.KeepClassic, Create(config, "__address__", "h:1").Target!.Histograms);
        Assert.Equal(
            HistogramParsing.ConvertClassic | HistogramParsing.KeepClassic,
            Create(config, "__address__", "h:1", "__scrape_native_histograms__", "F", "__convert_classic_histograms_to_nhcb__", "1").Target!.Histograms);
        Assert.Equal(
            "error parsing scrape native histograms: strconv.ParseBool: parsing \"yes\": invalid syntax",
            Create(config, "__address__", "h:1", "__scrape_native_histograms__", "yes").Error);
    }

    [Fact]
    public void Paths_are_escaped_so_that_a_question_mark_begins_no_query() =>
        Assert.Equal("http://h:1/a%3Fb=c%20%C3%A4%25;d,e:@$&+~%28", Create(Config, "__address__", "h:1", "__metrics_path__", "/a?b=c ä%;d,e:@$&+~(").Target!.Url);

    [Fact]
    public void Equal_targets_are_one_and_each_difference_makes_another()
    {
        Target one = Create(Config, "__address__", "h:1", "__meta_a", "1").Target!;
        Assert.Equal(one, Create(Config, "__address__", "h:1", "__meta_a", "2").Target);
        Assert.NotEqual(one, Create(Config, "__address__", "h:1", "l", "2").Target);
        Assert.NotEqual(one, Create(Config, "__address__", "h:1", "__metrics_path__", "/x").Target);
        Assert.NotEqual(one, Create(Config, "__address__", "h:1", "__scrape_interval__", "16s").Target);
        Assert.NotEqual(one, Create(Config, "__address__", "h:1", "__scrape_timeout__", "6s").Target);
    }

    [Theory]
    [InlineData("http://localhost:9100/metrics", "http://{0}:9100/metrics")]
    [InlineData("http://127.0.0.1/metrics", "http://{0}/metrics")]
    [InlineData("http://[::1]:1/m%20n?x=%C3%A4", "http://{0}:1/m%20n?x=%C3%A4")]
    [InlineData("http://localhost.example:80/", "http://localhost.example:80/")]
    [InlineData("http://a b:x/", "http://a b:x/")]
    public void Global_urls_replace_loopback_hosts_only(string url, string expected) =>
        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, expected, Environment.MachineName), GlobalUrl.Of(url));

    private static TargetFactory.Outcome Create(ScrapeConfig config, params string[] labels) =>
        TargetFactory.Create(config, new TargetGroup { Source = "s", Targets = [Labels.FromStrings(labels)] }).Single();

    private static EquatableMap<EquatableList<string>> Params(params (string Name, string[] Values)[] entries) =>
        new(entries.Select(entry => KeyValuePair.Create(entry.Name, entry.Values.ToEquatableList())));
}
