using Narthex.Model;
using Narthex.Scraping;

namespace Narthex.Web.Tests.Api;

public sealed class TargetApiTests : IAsyncLifetime
{
    private static readonly Labels Discovered = Labels.FromStrings("__address__", "127.0.0.1:1", "job", "j");

    private TestServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await TestServer.StartAsync();
        _server.Targets.Pools.Add(new ScrapePoolSnapshot("z", [], [], 0));
        _server.Targets.Pools.Add(new ScrapePoolSnapshot("j", [Active()], [new DroppedTarget("j", Discovered)], 3));
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Targets_have_upstreams_shape()
    {
        (int code, string body) = await _server.GetAsync("/api/v1/targets");

        Assert.Equal(200, code);
        Assert.Equal(
            """{"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"127.0.0.1:1","job":"j"},"labels":{"instance":"127.0.0.1:1","job":"j"},"scrapePool":"j","scrapeUrl":"http://127.0.0.1:1/metrics","globalUrl":"http://h:1/metrics","lastError":"refused \"x\"","lastScrape":"2015-07-01T20:10:51.781Z","lastScrapeDuration":0.0035369,"health":"down","scrapeInterval":"15s","scrapeTimeout":"10s"}],"droppedTargets":[{"discoveredLabels":{"__address__":"127.0.0.1:1","job":"j"},"scrapePool":"j"}],"droppedTargetCounts":{"j":3,"z":0}}}""",
            body);
    }

    [Theory]
    [InlineData("?state=dropped", """{"activeTargets":[],"droppedTargets":[{"discoveredLabels":{"__address__":"127.0.0.1:1","job":"j"},"scrapePool":"j"}],"droppedTargetCounts":{"j":3,"z":0}}""")]
    [InlineData("?state=xx&scrapePool=j", """{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}""")]
    [InlineData("?scrapePool=z", """{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{"j":3,"z":0}}""")]
    public async Task Targets_can_be_narrowed(string parameters, string data)
    {
        Assert.Equal((200, $$"""{"status":"success","data":{{data}}}"""), await _server.GetAsync("/api/v1/targets" + parameters));
    }

    [Fact]
    public async Task Scrape_pools_are_sorted()
    {
        Assert.Equal((200, """{"status":"success","data":{"scrapePools":["j","z"]}}"""), await _server.GetAsync("/api/v1/scrape_pools"));
    }

    [Theory]
    [InlineData("targets/metadata?metric=a_total", """[{"target":{"job":"1"},"type":"counter","help":"A","unit":""},{"target":{"job":"2"},"type":"counter","help":"A","unit":""}]""")]
    [InlineData("targets/metadata?match_target={job%3D%222%22}", """[{"target":{"job":"2"},"metric":"a_total","type":"counter","help":"A","unit":""}]""")]
    [InlineData("targets/metadata?limit=1", """[{"target":{"job":"1"},"metric":"a_total","type":"counter","help":"A","unit":""},{"target":{"job":"1"},"metric":"b","type":"gauge","help":"\u003cB\u003e","unit":"s"}]""")]
    [InlineData("targets/metadata?metric=zz", "[]")]
    [InlineData("metadata", """{"a_total":[{"type":"counter","unit":"","help":"A"}],"b":[{"type":"gauge","unit":"s","help":"\u003cB\u003e"},{"type":"unknown","unit":"","help":""}]}""")]
    [InlineData("metadata?limit=1", """{"a_total":[{"type":"counter","unit":"","help":"A"}]}""")]
    [InlineData("metadata?limit=0", "{}")]
    [InlineData("metadata?limit_per_metric=1&metric=b", """{"b":[{"type":"gauge","unit":"s","help":"\u003cB\u003e"}]}""")]
    [InlineData("metadata?metric=zz", "{}")]
    public async Task Metadata_is_listed_by_target_and_by_metric(string path, string data)
    {
        Labels first = Labels.FromStrings("job", "1");
        Labels second = Labels.FromStrings("job", "2");
        _server.Targets.Metadata.AddRange(
        [
            new(first, "a_total", new(MetricType.Counter, "", "A")),
            new(first, "b", new(MetricType.Gauge, "s", "<B>")),
            new(second, "a_total", new(MetricType.Counter, "", "A")),
        ]);
        if (!path.StartsWith("targets", StringComparison.Ordinal))
        {
            _server.Targets.Metadata.Add(new(second, "b", new(MetricType.Unknown, "", "")));
        }

        Assert.Equal((200, $$"""{"status":"success","data":{{data}}}"""), await _server.GetAsync("/api/v1/" + path));
    }

    [Fact]
    public async Task Relabelling_is_shown_step_by_step()
    {
        _server.Targets.RelabelConfigs =
        [
            new RelabelConfig { SourceLabels = ["__address__"], TargetLabel = "host", Regex = RelabelRegex.Parse("(.+):.*") },
            new RelabelConfig { SourceLabels = ["host", "x"], Separator = "/", TargetLabel = "n", Modulus = 1, Action = RelabelAction.HashMod },
            new RelabelConfig { SourceLabels = ["host"], Regex = RelabelRegex.Parse("h"), Action = RelabelAction.Drop },
            new RelabelConfig { TargetLabel = "never" },
        ];
        Assert.Equal(
            (200, """{"status":"success","data":{"steps":["""
                + """{"rule":{"source_labels":["__address__"],"separator":";","regex":"(.+):.*","target_label":"host","replacement":"$1","action":"replace"},"output":{"__address__":"h:1","host":"h"},"keep":true},"""
                + """{"rule":{"source_labels":["host","x"],"separator":"/","regex":"(.*)","modulus":1,"target_label":"n","replacement":"$1","action":"hashmod"},"output":{"__address__":"h:1","host":"h","n":"0"},"keep":true},"""
                + """{"rule":{"source_labels":["host"],"separator":";","regex":"h","replacement":"$1","action":"drop"},"output":{},"keep":false},"""
                + """{"rule":{"separator":";","regex":"(.*)","target_label":"never","replacement":"$1","action":"replace"},"output":{},"keep":false}]}}"""),
            await _server.GetAsync("/api/v1/targets/relabel_steps?scrapePool=j&labels=" + Uri.EscapeDataString("""{"__address__":"h:1"}""")));
    }

    [Theory]
    [InlineData("targets/relabel_steps", "no scrapePool parameter provided")]
    [InlineData("targets/relabel_steps?scrapePool=j", "no labels parameter provided")]
    [InlineData("targets/relabel_steps?scrapePool=k&labels=%7B%7D", "error retrieving scrape config: scrape pool \\\"k\\\" not found")]
    [InlineData("targets/metadata?limit=x", "limit must be a number")]
    [InlineData("metadata?limit_per_metric=x", "limit_per_metric must be a number")]
    [InlineData("status/tsdb?limit=0", "limit must be a positive number")]
    [InlineData("rules?type=x", "invalid parameter \\\"type\\\": not supported value \\\"x\\\"")]
    public async Task Bad_parameters_get_upstreams_words(string path, string message)
    {
        Assert.Equal((400, $$"""{"status":"error","errorType":"bad_data","error":"{{message}}"}"""), await _server.GetAsync("/api/v1/" + path));
    }

    [Theory]
    [InlineData("status/config", """{"yaml":"global:\n  scrape_interval: 15s\n"}""")]
    [InlineData("status/flags", """{"a":"1","config.file":"p.yml"}""")]
    [InlineData("status/buildinfo", """{"version":"3.14.0","revision":"abc","branch":"main","buildUser":"me","buildDate":"today","goVersion":".NET 10"}""")]
    [InlineData("status/runtimeinfo", """{"startTime":"2015-07-01T20:10:51.781Z","CWD":"/w","hostname":"h","serverTime":"2015-07-01T20:10:52Z","reloadConfigSuccess":true,"lastConfigTime":"0001-01-01T00:00:00Z","corruptionCount":0,"goroutineCount":7,"GOMAXPROCS":2,"GOMEMLIMIT":1000,"GOGC":"","GODEBUG":"","storageRetention":"15d"}""")]
    [InlineData("status/tsdb?limit=1", """{"headStats":{"numSeries":5,"numLabelPairs":4,"chunkCount":3,"minTime":1,"maxTime":2},"seriesCountByMetricName":[{"name":"up","value":3}],"labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}""")]
    [InlineData("status/walreplay", """{"min":1,"max":3,"current":2}""")]
    [InlineData("status/tsdb/blocks", """{"blocks":[{"ulid":"A"},{"ulid":"B"}]}""")]
    [InlineData("alerts", """{"alerts":[]}""")]
    [InlineData("alertmanagers", """{"activeAlertmanagers":[],"droppedAlertmanagers":[]}""")]
    [InlineData("notifications", "[]")]
    public async Task The_status_has_upstreams_shape(string path, string data)
    {
        await using TestServer server = await TestServer.StartAsync(
            new WebOptions { Flags = new Dictionary<string, string> { ["config.file"] = "p.yml", ["a"] = "1" } });
        Assert.Equal((200, $$"""{"status":"success","data":{{data}}}"""), await server.GetAsync("/api/v1/" + path));
    }

    private static TargetSnapshot Active() => new()
    {
        ScrapePool = "j",
        DiscoveredLabels = Discovered,
        Labels = Labels.FromStrings("instance", "127.0.0.1:1", "job", "j"),
        ScrapeUrl = "http://127.0.0.1:1/metrics",
        GlobalUrl = "http://h:1/metrics",
        LastError = "refused \"x\"",
        LastScrape = DateTimeOffset.FromUnixTimeMilliseconds(1435781451781),
        LastScrapeDuration = TimeSpan.FromTicks(35369),
        Health = TargetHealth.Down,
        ScrapeInterval = TimeSpan.FromSeconds(15),
        ScrapeTimeout = TimeSpan.FromSeconds(10),
    };
}
