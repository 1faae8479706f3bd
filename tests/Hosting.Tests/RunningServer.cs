using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Hosting.Tests.Doubles;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Hosting.Tests;

/// <summary>A whole server on a free port of loopback, with a data directory of its own.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly bool _ownsDirectory;

    private RunningServer(NarthexServer server, string directory, bool ownsDirectory, FakeConfiguration configuration, FakeDiscovery discovery)
    {
        Server = server;
        DataDirectory = directory;
        _ownsDirectory = ownsDirectory;
        Configuration = configuration;
        Discovery = discovery;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Addresses[0] };
    }

    public NarthexServer Server { get; }

    public string DataDirectory { get; }

    public FakeConfiguration Configuration { get; }

    public FakeDiscovery Discovery { get; }

    public HttpClient Client { get; }

    public static async Task<RunningServer> StartAsync(
        Func<ServerOptions, ServerOptions>? adapt = null, FakeConfiguration? configuration = null, string? directory = null, ILoggerFactory? loggers = null,
        HttpMessageHandler? alertmanager = null)
    {
        string data = directory ?? Directory.CreateTempSubdirectory("narthex-hosting-").FullName;
        var options = new ServerOptions { ListenAddresses = ["127.0.0.1:0"], StoragePath = data, ConfigFile = "test.yml" };
        configuration ??= new FakeConfiguration { Current = OneJob() };
        var discovery = new FakeDiscovery();
        var parts = new ServerParts
        {
            Configuration = configuration,
            Discovery = discovery,
            AlertmanagerDiscovery = new FakeDiscovery(),
            CreateAlertmanagerClient = _ => new HttpClient(alertmanager ?? new FakeAlertmanager(), disposeHandler: false),
            CreateScrapeClient = _ => new HttpMessageInvoker(new FakeExporter()),
        };
        NarthexServer server = await NarthexServer.StartAsync(
            adapt is null ? options : adapt(options), parts, new MetricRegistry(), loggers ?? NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        return new RunningServer(server, data, directory is null, configuration, discovery);
    }

    /// <summary>One job with one target, scraped ten times a second.</summary>
    public static PrometheusConfig OneJob(string job = "j") => new()
    {
        ScrapeConfigs = new[]
        {
            new ScrapeConfig
            {
                JobName = job,
                ScrapeInterval = TimeSpan.FromMilliseconds(100),
                ScrapeTimeout = TimeSpan.FromMilliseconds(100),
                ServiceDiscovery = new SdConfig[] { new StaticSdConfig { Targets = new[] { "target:1" }.ToEquatableList() } }.ToEquatableList(),
            },
        }.ToEquatableList(),
    };

    public async Task<JsonElement> GetDataAsync(string path)
    {
        string body = await Client.GetStringAsync("/api/v1/" + path);
        return JsonDocument.Parse(body).RootElement.GetProperty("data");
    }

    /// <summary>Asks again until the query has a result, and hands on its value.</summary>
    public async Task<string> WaitForValueAsync(string query)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            JsonElement result = (await GetDataAsync("query?query=" + Uri.EscapeDataString(query))).GetProperty("result");
            if (result.GetArrayLength() > 0)
            {
                return result[0].GetProperty("value")[1].GetString()!;
            }

            deadline.Token.ThrowIfCancellationRequested();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        if (_ownsDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }
}
