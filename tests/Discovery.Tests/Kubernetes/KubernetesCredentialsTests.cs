using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Kubernetes;
using Narthex.HttpClients;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>Programs of kubeconfig files that print credentials, as real processes.</summary>
public sealed class KubernetesCredentialsTests : IDisposable
{
    private const string Version = "client.authentication.k8s.io/v1";
    private readonly string _folder = Directory.CreateTempSubdirectory("narthex-exec-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_program_s_token_goes_along_and_is_asked_for_once()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        kubernetes.Token = "token1";
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "endpoints"), Access(kubernetes, Script(Numbered)));
        await run.UntilAsync(groups => groups.Count > 0);
        Assert.Equal(1, Calls);
        Assert.All(kubernetes.Credentials, credentials => Assert.Equal("Bearer token1", credentials));
    }

    [Fact]
    public async Task Refused_credentials_are_asked_for_anew()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        kubernetes.Token = "token2";
        await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, "node"), Access(kubernetes, Script(Numbered)));
        await run.UntilAsync(groups => groups.Count > 0);
        Assert.Equal(2, Calls);
    }

    [Fact]
    public async Task Credentials_last_until_they_end()
    {
        var time = new ManualTime();
        string ends = time.GetUtcNow().AddMinutes(10).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        using var credentials = new KubernetesCredentials(Script(Numbered.Replace("\"token\"", $"\"expirationTimestamp\":\"{ends}\",\"token\"", StringComparison.Ordinal)), time);
        Assert.Equal("token1", (await credentials.GetAsync(CancellationToken.None)).Token);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal("token1", (await credentials.GetAsync(CancellationToken.None)).Token);
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("token2", (await credentials.GetAsync(CancellationToken.None)).Token);
    }

    [Fact]
    public async Task The_program_gets_arguments_environment_and_what_it_is_asked()
    {
        KubeExecPlugin plugin = Script("echo \"$KUBERNETES_EXEC_INFO\" > \"$OUT/info\"; echo \"$1-$2\" > \"$OUT/arguments\"; cat > \"$OUT/input\"\n" + Numbered) with
        {
            ClusterJson = """{"server":"https://c","config":null}""",
        };
        using var credentials = new KubernetesCredentials(plugin with { Arguments = [.. plugin.Arguments, "a", "b c"] }, TimeProvider.System);
        await credentials.GetAsync(CancellationToken.None);
        using JsonDocument info = JsonDocument.Parse(await File.ReadAllTextAsync(_folder + "/info"));
        Assert.Equal(
            """{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"cluster":{"server":"https://c","config":null},"interactive":false}}""",
            JsonSerializer.Serialize(info.RootElement));
        Assert.Equal("a-b c\n", await File.ReadAllTextAsync(_folder + "/arguments"));
        Assert.Equal("", await File.ReadAllTextAsync(_folder + "/input"));
    }

    [Theory]
    [InlineData("exit 3", "exec: executable /bin/sh failed with exit code 3")]
    [InlineData("echo hello", "decoding stdout: ")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{\"token\":\"x\"}}'", "exec plugin is configured to use API version client.authentication.k8s.io/v1, plugin returned version client.authentication.k8s.io/v1beta1")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\"}'", "exec plugin didn't return a status field")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "exec plugin didn't return a token or cert/key pair")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"clientKeyData\":\"x\"}}'", "exec plugin returned only certificate or key, not both")]
    public async Task A_program_that_fails_says_why(string script, string error) => await FailsAsync(Script(script), error);

    [Fact]
    public async Task A_program_that_is_not_there_or_wants_to_ask_says_so()
    {
        await FailsAsync(Script("") with { Command = "no-such-program", InstallHint = "Get it." }, "exec: executable no-such-program not found\n\nGet it.");
        await FailsAsync(Script("") with { Command = _folder + "/nothing" }, $"exec: executable {_folder}/nothing not found");
        await FailsAsync(Script("") with { NeedsTerminal = true }, "exec plugin cannot support interactive mode: standard input is not a terminal");
    }

    // Counts its calls in a file, and prints another token each time.
    private const string Numbered = """
        n=$(cat "$OUT/calls" 2>/dev/null || echo 0); n=$((n + 1)); echo $n > "$OUT/calls"
        echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"token'$n'"}}'
        """;

    private int Calls => int.Parse(File.ReadAllText(_folder + "/calls"), System.Globalization.CultureInfo.InvariantCulture);

    // The shell is given the script as text: a file just written cannot be executed while another thread starts a process.
    private KubeExecPlugin Script(string script) => new()
    {
        ApiVersion = Version, Command = "/bin/sh", Arguments = ["-c", script, "login"], Environment = new([new("OUT", _folder)]),
    };

    private static KubernetesAccess Access(FakeKubernetes kubernetes, KubeExecPlugin plugin) => new(kubernetes.Url, HttpClientConfig.Default, "", plugin);

    private static async Task FailsAsync(KubeExecPlugin plugin, string error)
    {
        using var credentials = new KubernetesCredentials(plugin, TimeProvider.System);
        HttpRequestException thrown = await Assert.ThrowsAsync<HttpRequestException>(async () => await credentials.GetAsync(CancellationToken.None));
        Assert.StartsWith("getting credentials: " + error, thrown.Message, StringComparison.Ordinal);
    }
}
