using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;

namespace Narthex.Discovery.Kubernetes;

/// <summary>What a program of a kubeconfig file says about who asks.</summary>
/// <param name="Token">Goes into the header; empty if there is none.</param>
/// <param name="Certificate">The client's certificate as PEM; empty if there is none.</param>
/// <param name="Key">Its key.</param>
/// <param name="Expires">When both end; null if they last.</param>
internal sealed record KubernetesCredential(string Token, string Certificate, string Key, DateTimeOffset? Expires);

/// <summary>Asks a program for credentials, and keeps them until they end or are refused.</summary>
internal sealed class KubernetesCredentials(KubeExecPlugin plugin, TimeProvider time) : IDisposable
{
    private const int OutputCharsMax = 1 << 20;
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _asking = new(1);
    private volatile KubernetesCredential? _current;

    /// <exception cref="HttpRequestException">The program did not say, or what it said cannot be used.</exception>
    public async ValueTask<KubernetesCredential> GetAsync(CancellationToken cancellationToken)
    {
        if (_current is { } good && IsGood(good))
        {
            return good;
        }

        // Many watches start at once: one asks, the others wait for its answer.
        await _asking.WaitAsync(cancellationToken);
        try
        {
            return _current is { } current && IsGood(current) ? current : _current = await AskAsync(cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>The cluster has refused these: the next request asks for others.</summary>
    public void Refuse(KubernetesCredential credential) => Interlocked.CompareExchange(ref _current, null, credential);

    public void Dispose() => _asking.Dispose();

    private bool IsGood(KubernetesCredential credential) => credential.Expires is not { } expires || time.GetUtcNow() < expires;

    private async Task<KubernetesCredential> AskAsync(CancellationToken cancellationToken)
    {
        if (plugin.NeedsTerminal)
        {
            throw Failure("exec plugin cannot support interactive mode: standard input is not a terminal");
        }

        using var deadline = new CancellationTokenSource(s_timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        using Process process = Start();
        try
        {
            var output = new StringBuilder();
            char[] buffer = new char[4096];
            int read;
            while ((read = await process.StandardOutput.ReadAsync(buffer, both.Token)) > 0 && output.Length < OutputCharsMax)
            {
                output.Append(buffer, 0, read);
            }

            await process.WaitForExitAsync(both.Token);
            return process.ExitCode == 0
                ? Read(output.ToString())
                : throw Failure($"exec: executable {plugin.Command} failed with exit code {process.ExitCode}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw Failure($"exec: executable {plugin.Command} did not end within {s_timeout.TotalSeconds:f0} seconds");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(FindExecutable(), plugin.Arguments) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in plugin.Environment)
        {
            start.Environment[name] = value;
        }

        string cluster = plugin.ClusterJson.Length > 0 ? $"\"cluster\":{plugin.ClusterJson}," : "";
        start.Environment["KUBERNETES_EXEC_INFO"] =
            $"{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{plugin.ApiVersion}\",\"spec\":{{{cluster}\"interactive\":false}}}}";
        try
        {
            Process process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception e)
        {
            throw Failure($"exec: executable {plugin.Command}: {e.Message}", e);
        }
    }

    // The platform would also look beside this server's executable and in the working directory.
    private string FindExecutable()
    {
        string? found = plugin.Command.Contains('/', StringComparison.Ordinal)
            ? (File.Exists(plugin.Command) ? plugin.Command : null)
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
                .Select(folder => Path.Combine(folder, plugin.Command)).FirstOrDefault(File.Exists);
        return found ?? throw Failure($"exec: executable {plugin.Command} not found{(plugin.InstallHint.Length > 0 ? "\n\n" + plugin.InstallHint : "")}");
    }

    private KubernetesCredential Read(string output)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            string version = document.RootElement.Text("apiVersion");
            if (version != plugin.ApiVersion)
            {
                throw Failure($"exec plugin is configured to use API version {plugin.ApiVersion}, plugin returned version {version}");
            }

            JsonElement status = document.RootElement.Child("status");
            if (status.ValueKind != JsonValueKind.Object)
            {
                throw Failure("exec plugin didn't return a status field");
            }

            var credential = new KubernetesCredential(
                status.Text("token"), status.Text("clientCertificateData"), status.Text("clientKeyData"), ReadTime(status.Text("expirationTimestamp")));
            return credential switch
            {
                { Token: "", Certificate: "", Key: "" } => throw Failure("exec plugin didn't return a token or cert/key pair"),
                { Certificate: "", Key: not "" } or { Certificate: not "", Key: "" } => throw Failure("exec plugin returned only certificate or key, not both"),
                _ => credential,
            };
        }
        catch (JsonException e)
        {
            throw Failure($"decoding stdout: {e.Message}", e);
        }
    }

    private static DateTimeOffset? ReadTime(string text) => text.Length == 0 ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time
        : throw Failure($"decoding stdout: {text} is not a time");

    private static HttpRequestException Failure(string message, Exception? cause = null) => new("getting credentials: " + message, cause);
}
