using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Notifications;
using Narthex.RemoteStorage;
using Narthex.Web.Live;
using Narthex.Web.Tests.Doubles;

namespace Narthex.Web.Tests;

/// <summary>The HTTP side alone, on a free port of loopback, over doubles.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private WebServer? _server;

    private TestServer() => Live = new LiveNotifications(2, Metrics, Time);

    public LiveNotifications Live { get; }

    public FakeStorage Storage { get; } = new();

    public FakeEngine Engine { get; } = new();

    public FakeAdministration Administration { get; } = new();

    public FakeStatus Status { get; } = new();

    public FakeTargets Targets { get; } = new();

    public MetricRegistry Metrics { get; } = new();

    public FixedTime Time { get; } = new();

    public HttpClient Client { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None });

    public static async Task<TestServer> StartAsync(WebOptions? options = null, Func<RemoteWriteReceiver>? remoteWrite = null, IAlertmanagerSource? alertmanagers = null)
    {
        var server = new TestServer();
        var services = new WebServices
        {
            Status = server.Status,
            Control = server.Status,
            Storage = () => server.Storage,
            Engine = server.Engine,
            Exemplars = () => server.Administration,
            Administration = () => server.Administration,
            Targets = server.Targets,
            Alertmanagers = alertmanagers,
            Notifications = server.Live,
            Metrics = server.Metrics,
            RemoteWrite = remoteWrite,
        };
        server._server = await WebServer.StartAsync(
            (options ?? new WebOptions()) with { ListenAddresses = ["127.0.0.1:0"] }, services, NullLoggerFactory.Instance, server.Time, CancellationToken.None);
        server.Client.BaseAddress = server._server.Addresses[0];
        return server;
    }

    /// <summary>The status code and the body of a GET.</summary>
    public async Task<(int Code, string Body)> GetAsync(string path)
    {
        using HttpResponseMessage response = await Client.GetAsync(path);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (_server is not null)
        {
            await _server.StopAsync(CancellationToken.None);
            await _server.DisposeAsync();
        }
    }

    /// <summary>A clock that stands at 2015-07-01T20:10:51.781Z.</summary>
    internal sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(1435781451781);
    }
}
