using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Narthex.Tests;

namespace Narthex.Hosting.Tests;

/// <summary>The real Prometheus on a free port of loopback, to ask it the same as ours.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _directory;

    private Peer(Process process, string directory, int port)
    {
        _process = process;
        _directory = directory;
        Client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public HttpClient Client { get; }

    public static async Task<Peer> StartAsync(string configuration = "global: {}\n", params string[] flags)
    {
        string directory = Directory.CreateTempSubdirectory("narthex-peer-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "prometheus.yml"), configuration);
        int port = FreePort();
        var start = new ProcessStartInfo(
            RepositoryPaths.Peers + "/prometheus",
            [
                "--config.file=prometheus.yml", $"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=data",
                "--web.enable-remote-write-receiver", "--log.level=error", .. flags,
            ])
        {
            WorkingDirectory = directory,
        };
        var peer = new Peer(Process.Start(start)!, directory, port);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await peer.IsReadyAsync())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, deadline.Token);
        }

        return peer;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using HttpResponseMessage ready = await Client.GetAsync("/-/ready");
            return ready.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
