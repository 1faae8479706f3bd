using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Narthex.Tests;

/// <summary>The real Alertmanager on a free port of loopback, with an API to ask what it knows.</summary>
internal sealed class RealAlertmanager : IAsyncDisposable
{
    private const string Silent = """
        route: {receiver: none, group_by: [alertname], group_wait: 1s}
        receivers: [{name: none}]
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-alertmanager-").FullName;
    private readonly string _configuration;
    private readonly HttpClient _client;
    private Process? _process;

    private RealAlertmanager(int port, string configuration)
    {
        Port = port;
        _configuration = configuration;
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public string Url => $"http://{Address}/api/v2/alerts";

    /// <summary>Starts one that tells nobody, unless it is given another configuration.</summary>
    public static async Task<RealAlertmanager> StartAsync(string configuration = Silent)
    {
        var alertmanager = new RealAlertmanager(FreePort(), configuration);
        await alertmanager.StartAgainAsync();
        return alertmanager;
    }

    /// <summary>Starts it on the same port, without what it knew.</summary>
    public async Task StartAgainAsync()
    {
        string config = Path.Combine(_directory, "alertmanager.yml");
        await File.WriteAllTextAsync(config, _configuration);
        _process = Process.Start(new ProcessStartInfo(
            "unshare",
            [
                // Debian's build reads its stock templates from /usr/share, wherever it lies itself: it gets to see that of the peers there.
                "--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /usr/share && exec \"$@\"", Path.GetFullPath(RepositoryPaths.Peers + "/../share"),
                RepositoryPaths.Peers + "/prometheus-alertmanager",
                $"--config.file={config}", $"--storage.path={_directory}/{Guid.NewGuid():N}", $"--web.listen-address={Address}", "--cluster.listen-address=", "--log.level=error",
            ]))!;
        await UntilAsync(async () =>
        {
            try
            {
                using HttpResponseMessage ready = await _client.GetAsync("/-/ready");
                return ready.IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>The alerts that it shows, by name.</summary>
    public async Task<IReadOnlyDictionary<string, JsonElement>> GetAlertsAsync() =>
        (await GetAllAlertsAsync()).ToDictionary(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!);

    /// <summary>The alerts that it shows, of which some may have one name.</summary>
    public async Task<IReadOnlyList<JsonElement>> GetAllAlertsAsync()
    {
        using JsonDocument alerts = JsonDocument.Parse(await _client.GetStringAsync("/api/v2/alerts"));
        return [.. alerts.RootElement.EnumerateArray().Select(alert => alert.Clone())];
    }

    /// <summary>Alerts by status, of those that it was ever sent.</summary>
    public async Task<double> GetMetricAsync(string line)
    {
        string metrics = await _client.GetStringAsync("/metrics");
        string? found = metrics.Split('\n').FirstOrDefault(text => text.StartsWith(line + " ", StringComparison.Ordinal));
        return found is null ? 0 : double.Parse(found[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_process is not null)
        {
            await KillAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
