using System.Net;
using System.Net.Sockets;
using Narthex.Instrumentation;

namespace Narthex.HttpClients.Tests;

public sealed class ConnectionMetricsTests
{
    private readonly ConnectionMetrics _metrics = new(new MetricRegistry());

    [Fact]
    public async Task A_connection_is_counted_from_the_attempt_to_its_end()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(_ => Task.CompletedTask);
        HttpClient client = Named("job").Create(HttpClientConfig.Default);
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(server.Url));
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }

        Assert.Equal((1, 1, 0), CountsOf("job"));
        client.Dispose();
        Assert.Equal((1, 1, 1), CountsOf("job"));
        Assert.Equal((0, 0, 0, 0), FailuresOf("job"));
    }

    [Fact]
    public async Task An_encrypted_connection_under_another_name_is_counted_as_well()
    {
        using var authority = new TestCertificates();
        await using LoopbackServer server = await LoopbackServer.StartAsync(_ => Task.CompletedTask, authority.Issue("other.test").Certificate);
        using HttpClient client = Named("job").Create(new HttpClientConfig { Tls = new TlsConfig { Ca = authority.AuthorityPem, ServerName = "other.test" } });
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Url));
        Assert.Equal((1, 1, 0), CountsOf("job"));
    }

    [Fact]
    public async Task A_Unix_socket_is_counted_as_well()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using LoopbackServer server = await LoopbackServer.StartAsync(_ => Task.CompletedTask, socketPath: path);
        using HttpClient client = Named("job").CreateForScraping(HttpClientConfig.Default);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://target/");
        request.Options.Set(SocketRouter.Path, path);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal((1, 1, 0), CountsOf("job"));
    }

    [Fact]
    public async Task A_connection_that_is_refused_counts_as_upstream_counts_it()
    {
        await Assert.ThrowsAnyAsync<SocketException>(() => DialAsync("127.0.0.1", FreePort(), CancellationToken.None));
        Assert.Equal((1, 0, 0), CountsOf("job"));
        Assert.Equal((1, 0, 0, 1), FailuresOf("job"));
    }

    [Fact]
    public async Task A_name_that_cannot_be_resolved_is_its_own_reason()
    {
        await Assert.ThrowsAnyAsync<SocketException>(() => DialAsync(new string('a', 300), 80, CancellationToken.None));
        Assert.Equal((0, 1, 0, 0), FailuresOf("job"));
    }

    [Fact]
    public async Task A_connection_that_nobody_waits_for_any_longer_has_timed_out()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DialAsync("127.0.0.1", FreePort(), new CancellationToken(canceled: true)));
        Assert.Equal((0, 0, 1, 0), FailuresOf("job"));
    }

    [Fact]
    public void Series_begin_with_zeros_and_the_nameless_are_not_counted()
    {
        var registry = new MetricRegistry();
        var factory = new HttpClientFactory(metrics: new ConnectionMetrics(registry));
        factory.Create(HttpClientConfig.Default).Dispose();
        factory.Named("job").Create(HttpClientConfig.Default).Dispose();
        var series = new SeriesNames();
        registry.Collect(series);
        string[] names = [.. series.Names.Where(name => name.Contains("failed", StringComparison.Ordinal))];
        Assert.Equal(
            [.. from dialer in (string[])["default", "job"] from reason in (string[])["refused", "resolution", "timeout", "unknown"] select $"net_conntrack_dialer_conn_failed_total {dialer} {reason} 0"],
            names);
        Assert.Equal(8 + 6, series.Names.Count);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private HttpClientFactory Named(string name) => new HttpClientFactory(environment: _ => null, metrics: _metrics).Named(name);

    private async Task DialAsync(string host, int port, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage();
        await new Dialer(_metrics.For("job")).ConnectAsync(host, port, isProxy: false, request, cancellationToken);
    }

    private (double Attempted, double Established, double Closed) CountsOf(string dialer)
    {
        ConnectionCounters counters = _metrics.For(dialer);
        return (counters.Attempted.Value, counters.Established.Value, counters.Closed.Value);
    }

    private (double Refused, double Unresolved, double TimedOut, double Unknown) FailuresOf(string dialer)
    {
        ConnectionCounters counters = _metrics.For(dialer);
        return (counters.Refused.Value, counters.Unresolved.Value, counters.TimedOut.Value, counters.Unknown.Value);
    }

    private sealed class SeriesNames : IMetricSink
    {
        private string _family = "";

        public List<string> Names { get; } = [];

        public void BeginFamily(FamilyDescription family) => _family = family.Name;

        public void Value(ReadOnlySpan<string> labelValues, double value) => Names.Add($"{_family} {string.Join(' ', labelValues)} {value}");

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
        }
    }
}
