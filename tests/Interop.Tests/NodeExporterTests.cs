using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>The real node exporter, scraped for real.</summary>
public sealed class NodeExporterTests
{
    [PeerFact]
    public async Task Every_series_of_a_node_exporter_arrives()
    {
        using var directory = new TemporaryDirectory();
        int port = ServerProcess.FreePort();
        using ServerProcess exporter = ServerProcess.Start(
            RepositoryPaths.Peers + "/prometheus-node-exporter", port, [$"--web.listen-address=127.0.0.1:{port}"]);
        await exporter.WaitUntilAsync("metrics");
        string config = directory.Write("prometheus.yml", $"""
            global:
              scrape_interval: 1s
              scrape_timeout: 1s
            scrape_configs:
              - job_name: node
                static_configs:
                  - targets: ['127.0.0.1:{port}']
            """);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
        foreach (ServerProcess server in new[] { ours, real })
        {
            await server.WaitForAsync(
                "api/v1/query?query=" + Uri.EscapeDataString("count(rate(node_cpu_seconds_total[1m]))"),
                answer => !answer.Contains("\"result\":[]", StringComparison.Ordinal));
        }

        // The set of series is what the exporter exposes, however its values move between the two scrapes.
        string path = "api/v1/query?query=" + Uri.EscapeDataString("count by (__name__, job, instance) ({job=\"node\",__name__!~\"scrape_.+|(go|process|promhttp)_.+\"})")
            + "&time=" + DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        JsonAnswers.AssertEqual("series of the node exporter", await real.GetAsync(path), await ours.GetAsync(path));
    }
}
