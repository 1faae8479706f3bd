using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Narthex.Tsdb.Tests.Peers;

/// <summary>The real Prometheus over a data directory, without targets.</summary>
internal sealed class PeerServer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly HttpClient _client;

    private PeerServer(Process process, HttpClient client)
    {
        _process = process;
        _client = client;
    }

    /// <summary>What it said until it was ready.</summary>
    public List<string> Log { get; } = [];

    public static async Task<PeerServer> StartAsync(PeerDirectory directory, string data, params string[] flags)
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        string configuration = directory.Combine("empty.yml");
        await File.WriteAllTextAsync(configuration, "global: {}\n");
        Process process = PeerDirectory.Start("prometheus", [
            "--config.file=" + configuration, "--storage.tsdb.path=" + data, "--storage.tsdb.retention.time=100y",
            string.Create(CultureInfo.InvariantCulture, $"--web.listen-address=127.0.0.1:{port}"), .. flags]);
        var server = new PeerServer(process, new HttpClient { BaseAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}")) });
        _ = process.StandardOutput.ReadToEndAsync();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            server.Log.Add(line);
            if (line.Contains("ready to receive", StringComparison.Ordinal))
            {
                _ = process.StandardError.ReadToEndAsync(); // Or the pipe fills up.
                return server;
            }
        }

        throw new InvalidOperationException(string.Join('\n', server.Log));
    }

    public Task<string> GetAsync(string path) => _client.GetStringAsync(new Uri(path, UriKind.Relative));

    /// <summary>The value of a metric of its own.</summary>
    public async Task<double> GetMetricAsync(string name)
    {
        string metrics = await GetAsync("/metrics");
        string line = metrics.Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line.AsSpan(name.Length + 1), CultureInfo.InvariantCulture);
    }

    /// <summary>Lets it end by itself.</summary>
    public async Task StopAsync()
    {
        using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _client.Dispose();
    }
}
