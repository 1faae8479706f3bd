using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Narthex.Configuration;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>The real Prometheus finds the same targets in the same cluster.</summary>
public sealed partial class KubernetesPeerTests
{
    private static readonly string[] s_roles = ["pod", "service", "endpoints", "endpointslice", "node", "ingress"];

    [PeerFact]
    public async Task All_roles_find_the_targets_of_the_real_server_with_all_labels()
    {
        await using FakeKubernetes kubernetes = await FakeKubernetes.StartAsync();
        Cluster.Fill(kubernetes);
        string directory = Directory.CreateTempSubdirectory("narthex-kubernetes-").FullName;
        using Process process = Start(kubernetes, directory, out int port);
        try
        {
            Dictionary<string, string[]> expected = await ReadTargetsAsync(port);
            var families = new SortedSet<string>(StringComparer.Ordinal);
            foreach (string role in s_roles)
            {
                foreach (bool attach in (bool[])[false, true])
                {
                    string job = role + (attach ? "-attached" : "");
                    await using var run = new KubernetesRun(KubernetesRun.Config(kubernetes, role) with
                    {
                        AttachMetadata = new KubernetesMetadata { Node = attach && role != "node" },
                    });
                    await DiscoveryFixture.EventuallyAsync(() => run.Reports > 0);
                    Assert.NotEmpty(expected[job]);
                    Assert.Equal(string.Join('\n', expected[job]), string.Join('\n', run.Targets.Select(WithoutNewer)));
                    families.UnionWith(KubernetesMetricsReader.Families(run.Registry));
                }
            }

            using var client = new HttpClient();
            Assert.Equal(Families(await client.GetStringAsync($"http://127.0.0.1:{port}/metrics")), families);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    // Name, type and label names of what the real server tells about its discovery in Kubernetes.
    private static string[] Families(string metrics)
    {
        string[] lines = metrics.Split('\n');
        return [.. lines.Where(line => line.StartsWith("# TYPE prometheus_sd_kubernetes_", StringComparison.Ordinal)).Select(line => line.Split(' ')).Select(words =>
        {
            string series = lines.First(line => line[0] != '#' && line.StartsWith(words[2], StringComparison.Ordinal));
            return $"{words[2]} {words[3]} {string.Join(',', LabelName().Matches(series).Select(match => match.Groups[1].Value).Order(StringComparer.Ordinal))}";
        }).Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("[{,]([a-z_]+)=")]
    private static partial Regex LabelName();

    // The peer is 3.5: it does not have the conditions of nodes yet.
    private static string WithoutNewer(string labels) => NodeCondition().Replace(labels, "");

    [GeneratedRegex("__meta_kubernetes_node_condition_[a-z]+=\"[a-z]+\", ")]
    private static partial Regex NodeCondition();

    private static Process Start(FakeKubernetes kubernetes, string directory, out int port)
    {
        // All labels are kept, so that the server does not take two ports of one number for one target.
        const string KeepAll = "  relabel_configs: [{action: labelmap, regex: '__meta_kubernetes_(.+)'}]\n";
        string jobs = string.Concat(s_roles.SelectMany(role => new[]
        {
            $"- job_name: {role}\n  kubernetes_sd_configs: [{{role: {role}, api_server: '{kubernetes.Url}'}}]\n{KeepAll}",
            $"- job_name: {role}-attached\n  kubernetes_sd_configs: [{{role: {role}, api_server: '{kubernetes.Url}', attach_metadata: {{node: {(role == "node" ? "false" : "true")}}}}}]\n{KeepAll}",
        }));
        File.WriteAllText(directory + "/prometheus.yml", "global: {scrape_interval: 1h}\nscrape_configs:\n" + jobs);
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        return Process.Start(new ProcessStartInfo(
            RepositoryPaths.Peers + "/prometheus",
            [
                "--config.file=prometheus.yml", $"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=data", "--log.level=error",
                "--scrape.discovery-reload-interval=100ms",
            ])
        {
            WorkingDirectory = directory,
        })!;
    }

    // All jobs have to have their targets; how many these are is the expectation, so it waits until nothing is added any more.
    private static async Task<Dictionary<string, string[]>> ReadTargetsAsync(int port)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        using var patience = new CancellationTokenSource(DiscoveryFixture.Patience);
        string former = "";
        while (true)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, patience.Token);
            try
            {
                using JsonDocument answer = JsonDocument.Parse(await client.GetStringAsync("/api/v1/targets?state=active"));
                Dictionary<string, string[]> targets = answer.RootElement.GetProperty("data").GetProperty("activeTargets").EnumerateArray()
                    .Concat(answer.RootElement.GetProperty("data").GetProperty("droppedTargets").EnumerateArray())
                    .GroupBy(target => target.GetProperty("scrapePool").GetString()!)
                    .ToDictionary(group => group.Key, group => group.Select(Print).Order(StringComparer.Ordinal).ToArray());
                string now = string.Join('\n', targets.OrderBy(entry => entry.Key).Select(entry => $"{entry.Key}={entry.Value.Length}"));
                if (targets.Count == s_roles.Length * 2 && now == former)
                {
                    return targets;
                }

                former = now;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }
        }
    }

    private static string Print(JsonElement target)
    {
        var labels = new LabelsBuilder();
        foreach (JsonProperty label in target.GetProperty("discoveredLabels").EnumerateObject())
        {
            if (label.Name.StartsWith("__meta_", StringComparison.Ordinal) || label.Name is "__address__" or "instance")
            {
                labels.Set(label.Name, label.Value.GetString()!);
            }
        }

        return labels.ToLabels().ToString();
    }
}
