using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Narthex.Scenarios;

/// <summary>A server under test: a process of our own on a free loopback port, with a data directory of its own.</summary>
internal sealed class MeasuredServer : IDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ, the same on every Linux that .NET runs on.
    private readonly Process _process;
    private readonly string _directory;

    private MeasuredServer(string name, int port, Process process, string directory)
    {
        Name = name;
        Port = port;
        _process = process;
        _directory = directory;
    }

    public string Name { get; }

    public int Port { get; }

    public static async Task<MeasuredServer> StartAsync(string name, string path, string config, HttpClient http, CancellationToken cancellationToken)
    {
        string directory = Directory.CreateTempSubdirectory("narthex-scenario-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "prometheus.yml"), config, cancellationToken);
        int port = FreePort();
        var start = new ProcessStartInfo(path)
        {
            ArgumentList =
            {
                $"--config.file={directory}/prometheus.yml",
                $"--storage.tsdb.path={directory}/data",
                $"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            },
        };
        Process process = Process.Start(start) ?? throw new InvalidOperationException($"{path} did not start.");
        var server = new MeasuredServer(name, port, process, directory);
        await server.WaitUntilReadyAsync(http, cancellationToken);
        return server;
    }

    /// <summary>User and system time so far, in seconds.</summary>
    public double CpuSeconds()
    {
        string stat = File.ReadAllText($"/proc/{_process.Id}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>Resident memory now, in bytes.</summary>
    public long ResidentBytes()
    {
        string line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task WaitUntilReadyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < 300; attempt++)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"{Name} ended at once with exit code {_process.ExitCode}.");
            }

            try
            {
                using HttpResponseMessage response = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}/-/ready"), cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(100, cancellationToken);
        }

        throw new TimeoutException($"{Name} was not ready after 30 s.");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
