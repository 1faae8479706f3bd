using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Both servers tell the same of the same targets, field by field.</summary>
public sealed partial class TargetsApiTests
{
    private const string Exposition = """
        # HELP orders_total Orders "so far"\nof all \\ shops.
        # TYPE orders_total counter
        orders_total{shop="a"} 3
        # HELP level_celsius Temperature.
        # TYPE level_celsius gauge
        level_celsius 5
        # TYPE wait_seconds summary
        wait_seconds_sum 1
        wait_seconds_count 1
        # HELP untold Nothing is known about its type.
        untold 1
        # TYPE odd untyped
        odd 1

        """;

    private static readonly string[] s_paths =
    [
        "targets",
        "targets?state=active",
        "targets?state=dropped",
        "targets?state=any",
        "targets?state=ACTIVE",
        "targets?state=nothing",
        "targets?scrapePool=shops",
        "targets?scrapePool=shops&state=dropped",
        "targets?scrapePool=files&state=active",
        "targets?scrapePool=nobody",
        "scrape_pools",
        "targets/metadata",
        "targets/metadata?metric=orders_total",
        "targets/metadata?metric=nothing",
        "targets/metadata?match_target={job=\"files\"}",
        "targets/metadata?match_target={job=\"files\",team!=\"b\"}&metric=level_celsius",
        "targets/metadata?match_target={job=~\"fil.%2B\"}",
        "targets/metadata?match_target={job=",
        "targets/metadata?limit=x",
        "targets/metadata?limit=0",
        "metadata?limit=x",
        "metadata?limit_per_metric=x",
        "metadata?metric=orders_total",
        "metadata?metric=nothing",
        "metadata",
    ];

    // Labels that 3.14 has and the peer here has not.
    private static readonly string[] s_since35 =
        ["__always_scrape_classic_histograms__", "__convert_classic_histograms_to_nhcb__", "__scrape_native_histograms__"];

    [PeerFact]
    public async Task Both_servers_tell_the_same_of_their_targets()
    {
        using var directory = new TemporaryDirectory();
        using var good = new StaticTarget(Exposition);
        using var open = new StaticTarget(
            "# TYPE jobs counter\n# UNIT jobs_bytes bytes\n# TYPE jobs_bytes counter\njobs_bytes_total 1\n# TYPE build info\n# HELP build What it is made of.\nbuild_info{v=\"1\"} 1\n# TYPE mood stateset\nmood{mood=\"a\"} 1\n"
            + "# TYPE spread gaugehistogram\nspread_bucket{le=\"+Inf\"} 1\nspread_gcount 1\nspread_gsum 1\n# TYPE what unknown\nwhat 1\n# EOF\n",
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
        using var broken = new StaticTarget("fine 1\nbroken{ 2\n");
        using var failing = new StaticTarget("") { Body = null };
        using var blank = new StaticTarget("a 1\n", "");
        int nobody = ServerProcess.FreePort();
        directory.Write("targets.json", $$"""[{"targets": ["{{good.Address}}", "{{open.Address}}"], "labels": {"team": "b", "__meta_from": "here"} }, {"targets": ["{{open.Address}}"], "labels": {"team": "c"} }]""");
        directory.Write("targets.yml", $"- targets: ['{good.Address}', 'localhost:{good.Port}']\n");
        directory.Write("odd.json", "[{\"targets\": [\"with/path:80\", \"with space:80\", \":\", \"\", \"a:b\", \"::1\", \"a:1:2\", \"a:99999\"]}]");
        string config = directory.Write("prometheus.yml", $$"""
            global: {scrape_interval: 2s, scrape_timeout: 1900ms, external_labels: {region: eu} }
            scrape_configs:
              - job_name: shops
                metrics_path: /some/path
                params: {module: [a, 'b c'], x: ['']}
                static_configs:
                  - targets: ['{{good.Address}}', 'dropped:1', 'dropped:2', 'other:3']
                    labels: {shop: first, __meta_kind: x, __param_extra: '1'}
                  - targets: ['second:{{good.Port}}']
                    labels: {shop: second, __scrape_interval__: 3s, __scrape_timeout__: 2500ms, __metrics_path__: ''}
                relabel_configs:
                  - {source_labels: [__address__], regex: 'dropped.*', action: drop}
                  - {source_labels: [shop, __address__], regex: 'first;other.*', action: drop}
                  - {source_labels: [shop], regex: second, target_label: __address__, replacement: '{{good.Address}}' }
              - job_name: files
                honor_labels: true
                file_sd_configs: [{files: ['targets*.yml', 'targets*.json']}]
                relabel_configs: [{action: labelmap, regex: __meta_(.+)}]
              - job_name: faulty
                static_configs:
                  - targets: ['127.0.0.1:{{nobody}}', '{{failing.Address}}', '{{broken.Address}}', '{{blank.Address}}']
              - job_name: odd
                file_sd_configs: [{files: ['odd.json']}]
              - job_name: intervals
                static_configs:
                  - {targets: ['{{good.Address}}'], labels: {__scrape_interval__: 1s, __scrape_timeout__: 2s} }
                  - {targets: ['{{good.Address}}'], labels: {__scrape_interval__: soon} }
                  - {targets: ['{{good.Address}}'], labels: {__scrape_interval__: 0s} }
              - job_name: limited
                target_limit: 1
                static_configs: [{targets: ['{{good.Address}}', '{{open.Address}}']}]
              - job_name: samples
                sample_limit: 2
                static_configs: [{targets: ['{{good.Address}}']}]
              - job_name: labels
                label_limit: 2
                static_configs: [{targets: ['{{good.Address}}']}]
              - job_name: bodies
                body_size_limit: 20B
                static_configs: [{targets: ['{{good.Address}}']}]
              - job_name: names
                label_value_length_limit: 5
                static_configs: [{targets: ['{{good.Address}}']}]
              - job_name: nothing
                static_configs: [{targets: []}]
              - job_name: merged
                static_configs: [{targets: ['{{good.Address}}', '{{open.Address}}'], labels: {instance: same} }]
                relabel_configs: [{target_label: __address__, replacement: '{{good.Address}}' }]
              - job_name: kept
                keep_dropped_targets: 1
                static_configs: [{targets: ['a:1', 'b:1', 'c:1']}]
                relabel_configs: [{action: drop}]
              - job_name: addresses
                scheme: https
                static_configs: [{targets: ['127.0.0.1', '[::1]', '[::1]:{{nobody}}']}]
                relabel_configs: [{source_labels: [__address__], target_label: address}]
            """);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
        foreach (ServerProcess server in (ServerProcess[])[ours, real])
        {
            await server.WaitForAsync("api/v1/targets", answer => !answer.Contains("\"unknown\"", StringComparison.Ordinal) && answer.Contains("\"files\"", StringComparison.Ordinal));
        }

        Assert.InRange(JsonNode.Parse(await real.GetAsync("api/v1/targets"))!["data"]!["activeTargets"]!.AsArray().Count, 20, 100);
        // On a busy machine a scrape of either may be late and fail; the next one tells how it is.
        List<string> differences = await CompareAsync(real, ours);
        for (int attempt = 0; attempt < 20 && differences.Count > 0; attempt++)
        {
            await Task.Delay(500);
            differences = await CompareAsync(real, ours);
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    private static async Task<List<string>> CompareAsync(ServerProcess real, ServerProcess ours)
    {
        var differences = new List<string>();
        foreach (string path in s_paths)
        {
            string[] expected = Lines(await real.GetAsync("api/v1/" + path));
            string[] actual = Lines(await ours.GetAsync("api/v1/" + path));
            differences.AddRange(expected.Except(actual).Select(line => $"{path}\n  real {line}"));
            differences.AddRange(actual.Except(expected).Select(line => $"{path}\n  ours {line}"));
        }

        return differences;
    }

    // The members of all lists in an order of their own: the real server has none within a pool.
    private static string[] Lines(string json)
    {
        var lines = new List<string>();
        Collect(JsonNode.Parse(json)!, "", lines);
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    private static void Collect(JsonNode? node, string path, List<string> lines)
    {
        switch (node)
        {
            case JsonObject item when path is "" or ".data":
                foreach ((string name, JsonNode? value) in item)
                {
                    Collect(value, path + "." + name, lines);
                }

                break;
            case JsonArray list:
                lines.Add($"{path}: {list.Count}");
                lines.AddRange(list.Select(entry => path + " " + Print(entry)));
                break;
            default:
                lines.Add(path + " " + Print(node));
                break;
        }
    }

    private static string Print(JsonNode? node)
    {
        foreach (string newer in s_since35)
        {
            ((node as JsonObject)?["discoveredLabels"] as JsonObject)?.Remove(newer);
        }

        if (node is JsonObject target && target.ContainsKey("lastScrape"))
        {
            target["lastScrape"] = "";
            target["lastScrapeDuration"] = 0;
        }

        return LocalPort().Replace(node?.ToJsonString() ?? "null", "$1:port->");
    }

    // The port that a connection was made from.
    [GeneratedRegex(@"(127\.0\.0\.1|\[::1\]):\d+->")]
    private static partial Regex LocalPort();
}
