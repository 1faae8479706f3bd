using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.RemoteStorage;
using Narthex.Storage;

namespace Narthex.Web.Tests;

public sealed class ManagementTests
{
    [Fact]
    public async Task Before_the_storage_is_open_the_server_is_healthy_and_not_ready()
    {
        await using TestServer server = await TestServer.StartAsync();
        server.Status.Phase = ServerPhase.Starting;

        Assert.Equal((200, "Prometheus Server is Healthy.\n"), await server.GetAsync("/-/healthy"));
        using HttpResponseMessage ready = await server.Client.GetAsync("/-/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("false", ready.Headers.GetValues("X-Prometheus-Stopping").Single());
        Assert.Equal("Service Unavailable", await ready.Content.ReadAsStringAsync());
        Assert.Equal((503, "Service Unavailable"), await server.GetAsync("/api/v1/query?query=1"));
        Assert.Equal((200, """{"status":"success","data":{"min":1,"max":3,"current":2}}"""), await server.GetAsync("/api/v1/status/walreplay"));
        (int code, string metrics) = await server.GetAsync("/metrics");
        Assert.Equal(200, code);
        Assert.Contains("\nprometheus_ready 0\n", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_metrics_count_their_own_scrapes_and_the_connections_of_the_server()
    {
        await using TestServer server = await TestServer.StartAsync();
        (_, string first) = await server.GetAsync("/metrics");
        foreach (string line in (string[])[
            "promhttp_metric_handler_requests_in_flight 1", "promhttp_metric_handler_requests_total{code=\"200\"} 0", "promhttp_metric_handler_requests_total{code=\"500\"} 0",
            "promhttp_metric_handler_requests_total{code=\"503\"} 0", "net_conntrack_listener_conn_accepted_total{listener_name=\"http\"} 1",
            "net_conntrack_listener_conn_closed_total{listener_name=\"http\"} 0", "prometheus_web_federation_warnings_total 0"])
        {
            Assert.Contains($"\n{line}\n", first, StringComparison.Ordinal);
        }

        // Another connection, that ends: the counter follows when the server has seen it.
        using (var other = new HttpClient { BaseAddress = server.Client.BaseAddress })
        {
            await other.GetStringAsync("/metrics");
        }

        string last;
        do
        {
            (_, last) = await server.GetAsync("/metrics");
        }
        while (!last.Contains("\nnet_conntrack_listener_conn_closed_total{listener_name=\"http\"} 1\n", StringComparison.Ordinal));
        Assert.Contains("\nnet_conntrack_listener_conn_accepted_total{listener_name=\"http\"} 2\n", last, StringComparison.Ordinal);
        Assert.DoesNotContain("\npromhttp_metric_handler_requests_total{code=\"200\"} 0\n", last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopping_server_says_so()
    {
        await using TestServer server = await TestServer.StartAsync();
        Assert.Equal((200, "Prometheus Server is Ready.\n"), await server.GetAsync("/-/ready"));

        server.Status.Phase = ServerPhase.Stopping;

        using HttpResponseMessage ready = await server.Client.GetAsync("/-/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal("true", ready.Headers.GetValues("X-Prometheus-Stopping").Single());
    }

    [Fact]
    public async Task Lifecycle_requests_need_the_flag_and_the_method()
    {
        await using TestServer server = await TestServer.StartAsync();

        using HttpResponseMessage reload = await server.Client.PostAsync("/-/reload", null);
        Assert.Equal(HttpStatusCode.Forbidden, reload.StatusCode);
        Assert.Equal("Lifecycle API is not enabled.", await reload.Content.ReadAsStringAsync());
        Assert.Equal((405, "Only POST or PUT requests allowed"), await server.GetAsync("/-/reload"));
        using HttpResponseMessage quit = await server.Client.PutAsync("/-/quit", null);
        Assert.Equal(HttpStatusCode.Forbidden, quit.StatusCode);
        Assert.Equal(0, server.Status.Reloads);
        Assert.False(server.Status.QuitRequested.Task.IsCompleted);
    }

    [Fact]
    public async Task With_the_flag_the_server_reloads_and_quits()
    {
        await using TestServer server = await TestServer.StartAsync(new WebOptions { EnableLifecycle = true });

        using HttpResponseMessage reload = await server.Client.PostAsync("/-/reload", null);
        Assert.Equal(HttpStatusCode.OK, reload.StatusCode);
        Assert.Equal(1, server.Status.Reloads);

        server.Status.ReloadError = "line 2: no";
        using HttpResponseMessage failed = await server.Client.PutAsync("/-/reload", null);
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal("failed to reload config: line 2: no\n", await failed.Content.ReadAsStringAsync());

        using HttpResponseMessage quit = await server.Client.PostAsync("/-/quit", null);
        Assert.Equal("Requesting termination... Goodbye!", await quit.Content.ReadAsStringAsync());
        await server.Status.QuitRequested.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Unknown_routes_and_methods_are_refused_as_upstream_does()
    {
        await using TestServer server = await TestServer.StartAsync();

        Assert.Equal((404, "404 page not found\n"), await server.GetAsync("/nope"));
        Assert.Equal((404, "404 page not found\n"), await server.GetAsync("/api/v1/nope"));
        using HttpResponseMessage put = await server.Client.PutAsync("/-/healthy", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, put.StatusCode);
        using HttpResponseMessage post = await server.Client.PostAsync("/api/v1/label/job/values", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Equal(["GET", "OPTIONS"], post.Content.Headers.Allow);
        Assert.Equal("Method Not Allowed\n", await post.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Cross_origin_requests_are_allowed_where_the_origin_matches()
    {
        await using TestServer server = await TestServer.StartAsync(new WebOptions { CorsOrigin = LabelRegex.Parse(@"https?://(a|b)\.example") });

        Assert.Equal("http://a.example", await AllowedOriginAsync(server, "http://a.example"));
        Assert.Null(await AllowedOriginAsync(server, "http://a.example.evil"));
        using HttpResponseMessage options = await server.Client.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/api/v1/query"));
        Assert.Equal(HttpStatusCode.NoContent, options.StatusCode);
    }

    [Fact]
    public async Task Routes_stand_under_the_prefix_and_links_under_the_external_path()
    {
        await using TestServer server = await TestServer.StartAsync(new WebOptions { RoutePrefix = "/prom", ExternalPath = "/outside" });

        Assert.Equal(200, (await server.GetAsync("/prom/-/healthy")).Code);
        Assert.Equal(404, (await server.GetAsync("/-/healthy")).Code);
        Assert.Equal(200, (await server.GetAsync("/prom/api/v1/query?query=1")).Code);
        using HttpResponseMessage root = await server.Client.GetAsync("/");
        Assert.Equal(HttpStatusCode.Redirect, root.StatusCode);
        Assert.Equal("/prom", root.Headers.Location!.ToString());
        using HttpResponseMessage graph = await server.Client.GetAsync("/prom/graph?g0.expr=up");
        Assert.Equal("/outside/query?g0.expr=up", graph.Headers.Location!.ToString());
    }

    [Fact]
    public async Task Requests_are_counted_by_route_and_code()
    {
        await using TestServer server = await TestServer.StartAsync();
        await server.GetAsync("/api/v1/query?query=1");
        await server.GetAsync("/api/v1/query?query=1&time=x");
        await server.GetAsync("/api/v1/label/job/values");
        var seen = new RequestCounts();

        // The count of a request is made behind its answer: ask until it is there.
        for (int i = 0; i < 1000 && seen.Counts.Count < 3; i++)
        {
            await server.GetAsync("/-/healthy");
            seen.Counts.Clear();
            server.Metrics.Collect(seen);
        }

        Assert.Equal(1, seen.Counts["/api/v1/query 200"]);
        Assert.Equal(1, seen.Counts["/api/v1/query 400"]);
        Assert.Equal(1, seen.Counts["/api/v1/label/:name/values 200"]);
    }

    [Fact]
    public async Task Remote_write_goes_to_the_receiver_or_says_which_flag_is_missing()
    {
        await using TestServer without = await TestServer.StartAsync();
        using HttpResponseMessage refused = await without.Client.PostAsync("/api/v1/write", null);
        Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        Assert.Equal("remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n", await refused.Content.ReadAsStringAsync());

        using var receiver = new RemoteWriteReceiver(new NoAppends(), new MetricRegistry(), TimeProvider.System, NullLogger<RemoteWriteReceiver>.Instance);
        await using TestServer with = await TestServer.StartAsync(remoteWrite: () => receiver);

        // A lone zero byte is an empty message in Snappy's block format.
        using HttpResponseMessage taken = await with.Client.PostAsync("/api/v1/write", Body([0], "application/x-protobuf"));
        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        Assert.Equal("0", taken.Headers.GetValues("X-Prometheus-Remote-Write-Samples-Written").Single());
        using HttpResponseMessage corrupt = await with.Client.PostAsync("/api/v1/write", Body("xyz"u8.ToArray(), "application/x-protobuf"));
        Assert.Equal(HttpStatusCode.BadRequest, corrupt.StatusCode);
        Assert.Equal("snappy: corrupt input\n", await corrupt.Content.ReadAsStringAsync());
        using HttpResponseMessage form = await with.Client.PostAsync("/api/v1/write", Body([0], "application/x-www-form-urlencoded"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, form.StatusCode);
    }

    [Theory]
    [InlineData("127.0.0.1", "missing port in address")]
    [InlineData("127.0.0.1:x", "invalid port")]
    [InlineData("127.0.0.1:70000", "invalid port")]
    public void A_wrong_address_is_named(string address, string reason)
    {
        WebListenException error = Assert.Throws<WebListenException>(() => Http.ListenAddress.Parse(address));
        Assert.Contains(address, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_carries_the_security_policy_and_is_validated_by_its_tag()
    {
        await using TestServer server = await TestServer.StartAsync(new WebOptions { PageTitle = "<My> title" });

        using HttpResponseMessage page = await server.Client.GetAsync("/query");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        string body = await page.Content.ReadAsStringAsync();
        Assert.Contains("&lt;My&gt; title", body, StringComparison.Ordinal);
        Assert.DoesNotContain("NARTHEX_", body, StringComparison.Ordinal);
        Assert.Contains("default-src 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);

        using var again = new HttpRequestMessage(HttpMethod.Get, "/targets");
        again.Headers.TryAddWithoutValidation("If-None-Match", page.Headers.ETag!.ToString());
        using HttpResponseMessage unchanged = await server.Client.SendAsync(again);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        Assert.Equal(404, (await server.GetAsync("/assets/nothing.js")).Code);
    }

    private static async Task<string?> AllowedOriginAsync(TestServer server, string origin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/query?query=1");
        request.Headers.Add("Origin", origin);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        return response.Headers.TryGetValues("Access-Control-Allow-Origin", out IEnumerable<string>? values) ? values.Single() : null;
    }

    private static ByteArrayContent Body(byte[] bytes, string contentType)
    {
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        content.Headers.ContentEncoding.Add("snappy");
        return content;
    }

    /// <summary>Takes nothing: requests that reach it must be empty.</summary>
    private sealed class NoAppends : IAppendable, IAppender
    {
        public IAppender OpenAppender() => this;

        public SeriesRef GetOrAddSeries(Labels labels) => throw new StorageException("no series here");

        public void Append(SeriesRef series, long timestampMs, double value) => throw new StorageException("no samples here");

        public void Append(SeriesRef series, long timestampMs, FloatHistogram histogram) => throw new StorageException("no samples here");

        public void AppendExemplar(SeriesRef series, in Exemplar exemplar) => throw new StorageException("no exemplars here");

        public void UpdateMetadata(SeriesRef series, in MetricMetadata metadata) => throw new StorageException("no metadata here");

        public CommitResult Commit(ICollection<RejectedSample>? rejected = null) => default;

        public void Rollback()
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class RequestCounts : IMetricSink
    {
        private string _family = "";

        public Dictionary<string, double> Counts { get; } = [];

        public void BeginFamily(FamilyDescription family) => _family = family.Name;

        public void Value(ReadOnlySpan<string> labelValues, double value)
        {
            if (_family == "prometheus_http_requests_total" && value > 0 && labelValues[0].StartsWith("/api", StringComparison.Ordinal))
            {
                Counts[labelValues[0] + " " + labelValues[1]] = value;
            }
        }

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
        }
    }
}
