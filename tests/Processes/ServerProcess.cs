using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace Narthex.Tests;

/// <summary>A server in a process of its own: ours, or a real peer. Killed when disposed, if it still runs.</summary>
internal sealed partial class ServerProcess : IDisposable
{
    private const int SigTerm = 15;
    private const int SigHup = 1;
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly StringBuilder _log = new();
    private readonly Process _process;

    private ServerProcess(Process process, int port)
    {
        _process = process;
        Port = port;
    }

    /// <summary>The executable built from this repository.</summary>
    public static string NarthexPath { get; } = Path.Combine(
        RepositoryPaths.Root, "src", "Prometheus", "bin", BuildConfiguration(), "net10.0", "prometheus");

    public int Port { get; }

    public Uri BaseAddress => new($"http://127.0.0.1:{Port}/");

    public int ProcessId => _process.Id;

    public int ExitCode => _process.ExitCode;

    public bool HasExited => _process.HasExited;

    /// <summary>Standard output and error so far.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Starts a Prometheus-like server on a free port and waits until it is ready.</summary>
    public static async Task<ServerProcess> StartPrometheusAsync(string path, string configFile, string dataDirectory, params string[] flags)
    {
        int port = FreePort();
        ServerProcess server = Start(
            path,
            port,
            [$"--config.file={configFile}", $"--storage.tsdb.path={dataDirectory}", $"--web.listen-address=127.0.0.1:{port}", .. flags]);
        await server.WaitUntilAsync("-/ready");
        return server;
    }

    /// <summary>Starts any executable; <paramref name="port"/> is the one that its arguments name.</summary>
    public static ServerProcess Start(string path, int port, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        var server = new ServerProcess(process, port);
        process.OutputDataReceived += (_, e) => server.Append(e.Data);
        process.ErrorDataReceived += (_, e) => server.Append(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return server;
    }

    /// <summary>A loopback port that nobody listens on at this moment.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Waits until the path answers with success.</summary>
    public async Task WaitUntilAsync(string path, int timeoutSeconds = 60)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromSeconds(timeoutSeconds))
        {
            Assert.False(_process.HasExited, $"The server ended early:\n{Log}");
            try
            {
                using HttpResponseMessage response = await Http.GetAsync(new Uri(BaseAddress, path));
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50);
        }

        Assert.Fail($"{path} did not succeed within {timeoutSeconds} s:\n{Log}");
    }

    /// <summary>Asks until <paramref name="condition"/> holds for the answer's text; fails with the last answer.</summary>
    public async Task<string> WaitForAsync(string path, Func<string, bool> condition, int timeoutSeconds = 60)
    {
        var clock = Stopwatch.StartNew();
        string last = "";
        while (clock.Elapsed < TimeSpan.FromSeconds(timeoutSeconds))
        {
            last = await GetAsync(path);
            if (condition(last))
            {
                return last;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"{path} did not answer as expected within {timeoutSeconds} s. Last answer: {last}\n{Log}");
        return last;
    }

    /// <summary>The answer's text, whatever its status.</summary>
    public async Task<string> GetAsync(string path)
    {
        using HttpResponseMessage response = await Http.GetAsync(new Uri(BaseAddress, path));
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Posts a body and returns the status and the answer's text.</summary>
    public async Task<(HttpStatusCode Status, string Body)> PostAsync(string path, HttpContent? content)
    {
        using HttpResponseMessage response = await Http.PostAsync(new Uri(BaseAddress, path), content);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Ends it as a power cut would: no handler runs.</summary>
    public void KillHard()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary>Asks it to reload (SIGHUP).</summary>
    public void SendHangup() => Signal(_process.Id, SigHup);

    /// <summary>Asks it to stop (SIGTERM).</summary>
    public void SendTerminate() => Signal(_process.Id, SigTerm);

    /// <summary>Asks it to stop (SIGTERM) and returns its exit code.</summary>
    public int Terminate(int timeoutSeconds = 30)
    {
        Signal(_process.Id, SigTerm);
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(timeoutSeconds)), $"It did not end on SIGTERM:\n{Log}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    /// <summary>Waits for the process to end by itself.</summary>
    public int WaitForExit(int timeoutSeconds = 30)
    {
        Assert.True(_process.WaitForExit(TimeSpan.FromSeconds(timeoutSeconds)), $"It did not end:\n{Log}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            KillHard();
        }

        _process.Dispose();
    }

    private static void Signal(int processId, int signal) => Assert.Equal(0, Kill(processId, signal));

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    private static string BuildConfiguration() => Assembly.GetExecutingAssembly()
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(attribute => attribute.Key == "Configuration").Value!;

    private void Append(string? line)
    {
        lock (_log)
        {
            _log.AppendLine(line);
        }
    }
}
