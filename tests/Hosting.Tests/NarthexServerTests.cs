using System.Net;
using System.Text.Json;
using Narthex.Configuration;
using Narthex.Hosting.Tests.Doubles;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Hosting.Tests;

public sealed class NarthexServerTests
{
    [Fact]
    public async Task A_started_server_is_ready_scrapes_and_answers()
    {
        await using RunningServer running = await RunningServer.StartAsync();

        Assert.Equal("Prometheus Server is Ready.\n", await running.Client.GetStringAsync("/-/ready"));
        Assert.Equal("42", await running.WaitForValueAsync("answer"));
        Assert.Equal("1", await running.WaitForValueAsync("up{job=\"j\",instance=\"target:1\"}"));

        JsonElement target = (await running.GetDataAsync("targets")).GetProperty("activeTargets")[0];
        Assert.Equal("up", target.GetProperty("health").GetString());
        Assert.Equal("http://target:1/metrics", target.GetProperty("scrapeUrl").GetString());
        Assert.Equal("jobs: 1\n", (await running.GetDataAsync("status/config")).GetProperty("yaml").GetString());
        Assert.True((await running.GetDataAsync("status/tsdb")).GetProperty("headStats").GetProperty("numSeries").GetInt64() > 1);
        Assert.Equal("3.14.0", (await running.GetDataAsync("status/buildinfo")).GetProperty("version").GetString());
        string metrics = await running.Client.GetStringAsync("/metrics");
        Assert.Contains("\nprometheus_ready 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nprometheus_config_last_reload_successful 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nprometheus_build_info{version=\"3.14.0\"", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_is_explained_as_a_tree_of_what_would_be_done()
    {
        await using RunningServer running = await RunningServer.StartAsync();

        JsonElement range = (await running.GetDataAsync("query_explain?query=sum(rate(x[5m]))&start=0&end=600&step=60")).GetProperty("plan");
        Assert.Equal(11, range.GetProperty("steps").GetInt32());
        JsonElement leaf = range;
        while (leaf.GetProperty("children").GetArrayLength() > 0)
        {
            leaf = leaf.GetProperty("children")[0];
        }

        Assert.Contains("x", leaf.GetProperty("details").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(range.GetProperty("name").GetString(), leaf.GetProperty("name").GetString());

        JsonElement instant = (await running.GetDataAsync("query_explain?query=x&time=5")).GetProperty("plan");
        Assert.Equal(1, instant.GetProperty("steps").GetInt32());
        Assert.Equal(5, instant.GetProperty("start").GetDouble());

        using HttpResponseMessage refused = await running.Client.GetAsync("/api/v1/query_explain?query=sum(");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task A_query_is_analyzed_by_running_it()
    {
        await using RunningServer running = await RunningServer.StartAsync();
        await running.WaitForValueAsync("answer");

        JsonElement data = await running.GetDataAsync("query_analyze?query=sum(answer)%2B1");
        Assert.Equal(1, data.GetProperty("series").GetInt32());
        Assert.True(data.GetProperty("stats").GetProperty("samples").GetProperty("totalQueryableSamples").GetInt64() >= 1);
        JsonElement plan = data.GetProperty("plan");
        Assert.Equal("binary", plan.GetProperty("name").GetString());
        Assert.Equal(1, plan.GetProperty("samples").GetInt64());
        JsonElement sum = plan.GetProperty("children")[0];
        Assert.Equal(1, sum.GetProperty("children")[0].GetProperty("series").GetInt64());
        Assert.True(sum.GetProperty("time").GetDouble() >= sum.GetProperty("ownTime").GetDouble());
        Assert.True(plan.GetProperty("time").GetDouble() >= sum.GetProperty("time").GetDouble());
        Assert.True(sum.GetProperty("peakBytes").GetInt64() >= 0);

        using HttpResponseMessage refused = await running.Client.GetAsync("/api/v1/query_analyze?query=sum(");
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Queries_are_logged_to_the_file_of_the_configuration_and_running_ones_in_the_data_directory()
    {
        string directory = Directory.CreateTempSubdirectory("narthex-logs-").FullName;
        try
        {
            string path = Path.Combine(directory, "query.log");
            PrometheusConfig WithLog(string file) => new() { Global = new GlobalConfig { QueryLogFile = file } };
            await using RunningServer running = await RunningServer.StartAsync(null, new FakeConfiguration { Current = WithLog(path) });
            Assert.True(File.Exists(Path.Combine(running.DataDirectory, "queries.active")));

            await running.GetDataAsync("query?query=1%2B1");
            using JsonDocument line = JsonDocument.Parse(Assert.Single(await File.ReadAllLinesAsync(path)));
            Assert.Equal("1+1", line.RootElement.GetProperty("params").GetProperty("query").GetString());
            JsonElement request = line.RootElement.GetProperty("httpRequest");
            Assert.Equal("/api/v1/query", request.GetProperty("path").GetString());
            Assert.Equal("GET", request.GetProperty("method").GetString());
            Assert.True(IPAddress.IsLoopback(IPAddress.Parse(request.GetProperty("clientIP").GetString()!)));
            Assert.Contains("\nprometheus_engine_query_log_enabled 1\n", await running.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);

            running.Configuration.Current = WithLog(Path.Combine(directory, "missing", "query.log"));
            Assert.False(await running.Server.ReloadAsync(CancellationToken.None));
            await running.GetDataAsync("query?query=2");
            Assert.Equal(2, (await File.ReadAllLinesAsync(path)).Length);

            running.Configuration.Current = WithLog("");
            Assert.True(await running.Server.ReloadAsync(CancellationToken.None));
            await running.GetDataAsync("query?query=3");
            Assert.Equal(2, (await File.ReadAllLinesAsync(path)).Length);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task A_bad_reload_changes_nothing_and_says_so()
    {
        await using RunningServer running = await RunningServer.StartAsync(options => options with { EnableLifecycle = true });
        running.Configuration.Fault = "line 2: field nope not found";

        using HttpResponseMessage refused = await running.Client.PostAsync("/-/reload", null);

        Assert.Equal(HttpStatusCode.InternalServerError, refused.StatusCode);
        Assert.Equal(
            "failed to reload config: couldn't load configuration (--config.file=\"test.yml\"): line 2: field nope not found\n",
            await refused.Content.ReadAsStringAsync());
        JsonElement info = await running.GetDataAsync("status/runtimeinfo");
        Assert.False(info.GetProperty("reloadConfigSuccess").GetBoolean());
        Assert.Contains("\nprometheus_config_last_reload_successful 0\n", await running.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal("j", (await running.GetDataAsync("scrape_pools")).GetProperty("scrapePools")[0].GetString());

        running.Configuration.Fault = null;
        running.Configuration.Current = RunningServer.OneJob("other");
        Assert.True(await running.Server.ReloadAsync(CancellationToken.None));
        Assert.True((await running.GetDataAsync("status/runtimeinfo")).GetProperty("reloadConfigSuccess").GetBoolean());
        Assert.Equal("other", (await running.GetDataAsync("scrape_pools")).GetProperty("scrapePools")[0].GetString());
        Assert.Equal("42", await running.WaitForValueAsync("answer{job=\"other\"}"));
    }

    [Fact]
    public async Task A_bad_configuration_at_the_start_touches_nothing()
    {
        string data = Path.Combine(Path.GetTempPath(), "narthex-hosting-" + Guid.NewGuid());

        ServerStartException error = await Assert.ThrowsAsync<ServerStartException>(
            () => RunningServer.StartAsync(configuration: new FakeConfiguration { Fault = "bad" }, directory: data));

        Assert.True(error.IsConfigurationError);
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public async Task What_was_committed_is_there_after_a_restart()
    {
        string data = Directory.CreateTempSubdirectory("narthex-hosting-").FullName;
        try
        {
            var none = new FakeConfiguration();
            await using (RunningServer first = await RunningServer.StartAsync(configuration: none, directory: data))
            {
                using IAppender appender = first.Server.Appendable.OpenAppender();
                SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "kept"));
                appender.Append(series, DateTimeOffset.UnixEpoch.AddDays(20000).ToUnixTimeMilliseconds(), 7);
                appender.Commit();
            }

            await using RunningServer second = await RunningServer.StartAsync(configuration: none, directory: data);

            JsonElement result = (await second.GetDataAsync($"query?query=kept&time={20000 * 86400}")).GetProperty("result");
            Assert.Equal("7", result[0].GetProperty("value")[1].GetString());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task A_taken_port_and_a_locked_directory_are_reported()
    {
        await using RunningServer running = await RunningServer.StartAsync();

        ServerStartException port = await Assert.ThrowsAsync<ServerStartException>(
            () => RunningServer.StartAsync(options => options with { ListenAddresses = ["127.0.0.1:" + running.Server.Addresses[0].Port] }));
        Assert.False(port.IsConfigurationError);
        Assert.Contains("address already in use", port.Message, StringComparison.Ordinal);

        ServerStartException locked = await Assert.ThrowsAsync<ServerStartException>(() => RunningServer.StartAsync(directory: running.DataDirectory));
        Assert.False(locked.IsConfigurationError);
        Assert.Contains("lock", locked.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_server_that_finds_its_port_taken_lets_the_directory_go()
    {
        await using RunningServer running = await RunningServer.StartAsync();
        string data = Directory.CreateTempSubdirectory("narthex-hosting-").FullName;
        try
        {
            ServerStartException port = await Assert.ThrowsAsync<ServerStartException>(
                () => RunningServer.StartAsync(options => options with { ListenAddresses = ["127.0.0.1:" + running.Server.Addresses[0].Port] }, directory: data));
            Assert.Contains("address already in use", port.Message, StringComparison.Ordinal);

            await using RunningServer next = await RunningServer.StartAsync(directory: data);
            Assert.Equal("1", (await next.GetDataAsync("query?query=vector(1)")).GetProperty("result")[0].GetProperty("value")[1].GetString());
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    [Fact]
    public async Task A_request_to_quit_ends_the_server_in_order()
    {
        await using RunningServer running = await RunningServer.StartAsync(options => options with { EnableLifecycle = true });
        Assert.False(running.Server.Completion.IsCompleted);

        using HttpResponseMessage answer = await running.Client.PostAsync("/-/quit", null);

        Assert.Equal("Requesting termination... Goodbye!", await answer.Content.ReadAsStringAsync());
        await running.Server.Completion.WaitAsync(TimeSpan.FromSeconds(10));
        await running.Server.StopAsync(CancellationToken.None);
        Assert.Equal(Web.ServerPhase.Stopping, running.Server.State.Phase);
        Assert.True(running.Discovery.IsDisposed);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => running.Client.GetAsync("/-/healthy"));
    }

    [Fact]
    public async Task Encryption_that_was_asked_for_is_not_left_out_silently()
    {
        ServerStartException error = await Assert.ThrowsAsync<ServerStartException>(
            () => RunningServer.StartAsync(options => options with { WebConfigFile = "web.yml" }));
        Assert.Contains("--web.config.file", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "", ":9090", "", "")]
    [InlineData("http://example.org/prom/", "", ":9090", "/prom", "/prom")]
    [InlineData("http://example.org/prom", "/", ":9090", "/prom", "")]
    [InlineData("https://example.org", "inside/", ":9090", "", "/inside")]
    public void Paths_follow_from_the_external_url(string url, string prefix, string address, string path, string routePrefix)
    {
        var options = new ServerOptions { ExternalUrl = url, RoutePrefix = prefix, ListenAddresses = [address] };

        ExternalUrl external = ExternalUrl.From(options);

        Assert.Equal(path, external.Path);
        Assert.Equal(routePrefix, external.RoutePrefix);
    }

    [Theory]
    [InlineData("\"http://x\"")]
    [InlineData("ftp://x/")]
    [InlineData("x")]
    public void A_wrong_external_url_is_refused(string url) =>
        Assert.Throws<ServerStartException>(() => ExternalUrl.From(new ServerOptions { ExternalUrl = url }));
}
