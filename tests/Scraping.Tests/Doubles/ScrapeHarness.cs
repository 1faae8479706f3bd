using System.Collections.Concurrent;
using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Configuration;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Scraping.Tests;

/// <summary>A scrape manager with a target on loopback, a clock that is moved by hand, and storage in lists.</summary>
internal sealed class ScrapeHarness : IAsyncDisposable
{
    private const int TargetPort = 9; // Nothing listens there; the client connects to the port that the server got.
    private readonly WebApplication _server;

    private ScrapeHarness(WebApplication server)
    {
        _server = server;
        Manager = new ScrapeManager(Storage, new ScrapeManagerOptions { CreateClient = CreateClient, UserAgent = "Test/1", HostName = "h" }, Registry, Time, NullLogger<ScrapeManager>.Instance);
    }

    public ManualTime Time { get; } = new();

    public RecordingStorage Storage { get; } = new();

    public MetricRegistry Registry { get; } = new();

    public ScrapeManager Manager { get; }

    public ScrapeConfig Config { get; set; } = new()
    {
        JobName = "job", ScrapeInterval = TimeSpan.FromSeconds(15), ScrapeTimeout = TimeSpan.FromSeconds(10), FallbackScrapeProtocol = null,
    };

    /// <summary>What the target answers.</summary>
    public RequestDelegate Answer { get; set; } = Text("m 1\n");

    public ConcurrentQueue<HttpRequestInfo> Requests { get; } = new();

    public List<CountedClient> Clients { get; } = [];

    /// <summary>Why there can be no client for a job; null if there can.</summary>
    public Func<ScrapeConfig, Exception?>? ClientFault { get; set; }

    /// <summary>
    /// Where the target is for the manager. The same in each run, as a target's place in the interval comes of its address:
    /// with the port that the server got, one run in 150 would scrape at once and not when the clock is moved.
    /// </summary>
    public string Address => $"127.0.0.1:{TargetPort}";

    public sealed record HttpRequestInfo(string ConnectionId, string PathAndQuery, IReadOnlyDictionary<string, string> Headers);

    public static async Task<ScrapeHarness> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        WebApplication server = builder.Build();
        var harness = new ScrapeHarness(server);
        server.Run(async context =>
        {
            harness.Requests.Enqueue(new HttpRequestInfo(
                context.Connection.Id,
                context.Request.Path + context.Request.QueryString,
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await harness.Answer(context);
        });
        await server.StartAsync();
        return harness;
    }

    public static RequestDelegate Text(string body, string? contentType = "text/plain; version=0.0.4", int status = 200, bool gzip = false) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        byte[] bytes = Encoding.UTF8.GetBytes(body);
        if (gzip)
        {
            context.Response.Headers.ContentEncoding = "gzip";
            using var packed = new MemoryStream();
            using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                zip.Write(bytes);
            }

            bytes = packed.ToArray();
        }

        await context.Response.Body.WriteAsync(bytes);
    };

    public void Apply(params string[] addresses) => Apply(addresses.Select(address => Labels.FromStrings("__address__", address, "instance", "i")).ToArray());

    public void Apply(Labels[] targets)
    {
        Manager.ApplyConfig([Config], Labels.Empty);
        Manager.ApplyTargets(new Dictionary<string, IReadOnlyList<TargetGroup>> { [Config.JobName] = [new TargetGroup { Source = "s", Targets = targets }] });
    }

    /// <summary>Lets the next timer come due and returns what the scrape that it starts commits.</summary>
    /// <param name="sleeping">How many timers there are when everyone waits.</param>
    public async Task<IReadOnlyList<RecordingStorage.Row>> ScrapeAsync(int sleeping = 1)
    {
        await Time.WhenSleepingAsync(sleeping);
        Time.AdvanceToNext();
        return await Storage.NextCommitAsync();
    }

    /// <summary>The target as the API shows it, once the last scrape is over.</summary>
    public async Task<TargetSnapshot> SnapshotAsync(int sleeping = 1)
    {
        // The timer of the scrape's own timeout runs until the scrape is over: it is not the one that is waited for.
        await (sleeping == 1 ? Time.WhenNextIsNotInAsync(Config.ScrapeTimeout) : Time.WhenSleepingAsync(sleeping));
        return Manager.GetPools().Single().Active.Single();
    }

    public double Metric(string name)
    {
        var sink = new MetricSum(name);
        Registry.Collect(sink);
        return sink.Sum;
    }

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync();
        await _server.DisposeAsync();
    }

    private CountedClient CreateClient(ScrapeConfig config)
    {
        if (ClientFault?.Invoke(config) is { } fault)
        {
            throw fault;
        }

        var client = new CountedClient(new SocketsHttpHandler { AllowAutoRedirect = config.HttpClient.FollowRedirects, ConnectCallback = ConnectAsync });
        Clients.Add(client);
        return client;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        DnsEndPoint wanted = context.DnsEndPoint;
        int port = wanted.Port is TargetPort or 80 ? new Uri(_server.Urls.First()).Port : wanted.Port;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(wanted.Host, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public sealed class CountedClient(SocketsHttpHandler handler) : HttpMessageInvoker(handler)
    {
        public bool IsDisposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            IsDisposed = true;
            base.Dispose(disposing);
        }
    }
}
