using System.Text.Json.Nodes;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Targets that a real name server names: both servers, asking it as their host's, find the same ones.</summary>
public sealed class NameServerTests
{
    // The system's configuration has no place for a port, so it must be the common one: on an address of loopback that nobody else uses.
    private const string ServerAddress = "127.53.53.53";

    private const string Config = """
        scrape_configs:
          - {job_name: a, dns_sd_configs: [{names: [hosts.example], type: A, port: 1}]}
          - {job_name: aaaa, dns_sd_configs: [{names: [hosts.example, nobody.example], type: AAAA, port: 2}]}
          - {job_name: srv, dns_sd_configs: [{names: [_metrics._tcp.example]}]}
          - {job_name: mx, dns_sd_configs: [{names: [example], type: MX, port: 4}]}
          - {job_name: ns, dns_sd_configs: [{names: [example], type: NS, port: 5}]}
        """;

    private static readonly string[] s_records =
    [
        "--address=/hosts.example/10.0.0.1", "--address=/hosts.example/10.0.0.2", "--address=/hosts.example/fd00::1",
        "--srv-host=_metrics._tcp.example,one.example,9100", "--srv-host=_metrics._tcp.example,two.example,9200",
        "--mx-host=example,mail.example,10", "--mx-host=example,other.example,20",
        "--dns-rr=example,2,036e7331076578616d706c6500", // ns1.example.
        "--local=/example/",
    ];

    [NameServerFact]
    public async Task Both_servers_find_the_same_targets()
    {
        using var directory = new TemporaryDirectory();
        using ServerProcess names = ServerProcess.Start(
            NameServerFactAttribute.Program, 53, ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", "--pid-file=", $"--listen-address={ServerAddress}", .. s_records]);
        string resolver = directory.Write("resolv.conf", $"nameserver {ServerAddress}\n");
        string config = directory.Write("prometheus.yml", Config);
        using ServerProcess ours = await StartAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"), resolver);
        using ServerProcess real = await StartAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"), resolver);
        string[] expected = await FindTargetsAsync(real);
        string[] found = await FindTargetsAsync(ours);
        Assert.False(names.HasExited, names.Log);
        Assert.Contains(expected, target => target.Contains("two.example", StringComparison.Ordinal));
        Assert.Equal(expected, found);
    }

    private static async Task<ServerProcess> StartAsync(string path, string config, string data, string resolver)
    {
        int port = ServerProcess.FreePort();
        ServerProcess server = ServerProcess.Start(
            "unshare",
            port,
            [
                "--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"", resolver,
                path, $"--config.file={config}", $"--storage.tsdb.path={data}", $"--web.listen-address=127.0.0.1:{port}",
            ]);
        await server.WaitUntilAsync("-/ready");
        return server;
    }

    /// <summary>What was discovered of all targets, once there are some of each kind.</summary>
    private static async Task<string[]> FindTargetsAsync(ServerProcess server)
    {
        string answer = await server.WaitForAsync(
            "api/v1/targets?state=active",
            text => Targets(text).Select(target => (string?)target["scrapePool"]).Distinct().Count() == 5);
        return [.. Targets(answer).Select(target => target["scrapePool"] + " " + Discovered(target)).Order(StringComparer.Ordinal)];
    }

    // The others come of the configuration; 3.14 has more of them than the peer here.
    private static string Discovered(JsonNode target) => string.Join(',', target["discoveredLabels"]!.AsObject()
        .Where(label => label.Key == "__address__" || label.Key.StartsWith("__meta_", StringComparison.Ordinal))
        .Select(label => label.Key + "=" + label.Value));

    private static IEnumerable<JsonNode> Targets(string answer) => JsonNode.Parse(answer)!["data"]!["activeTargets"]!.AsArray().Select(target => target!);
}

/// <summary>A test that asks a real name server on its common port: skipped, with the reason, where that cannot be had.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NameServerFactAttribute : FactAttribute
{
    public const string Program = "/usr/sbin/dnsmasq";

    public NameServerFactAttribute() => Skip = new PeerFactAttribute().Skip
        ?? (!File.Exists(Program) ? "dnsmasq is not installed." : Environment.UserName != "root" ? "Only an administrator may listen on port 53." : null);
}
