using System.Globalization;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>Both servers scrape the same targets and give the same answers.</summary>
public sealed class SameTargetsTests
{
    private const string Exposition = """
        # HELP shop_orders_total Orders.
        # TYPE shop_orders_total counter
        shop_orders_total{country="de",payment="card"} 1027
        shop_orders_total{country="de",payment="cash"} 3
        shop_orders_total{country="fr",payment="card"} 88.5
        # TYPE shop_temperature_celsius gauge
        shop_temperature_celsius -7.25
        # TYPE shop_latency_seconds histogram
        shop_latency_seconds_bucket{le="0.1"} 10
        shop_latency_seconds_bucket{le="1"} 70
        shop_latency_seconds_bucket{le="+Inf"} 100
        shop_latency_seconds_sum 61.5
        shop_latency_seconds_count 100
        # TYPE shop_rpc_seconds summary
        shop_rpc_seconds{quantile="0.5"} 0.05
        shop_rpc_seconds{quantile="0.99"} NaN
        shop_rpc_seconds_sum 17
        shop_rpc_seconds_count 30
        shop_escapes{text="a\\b\"c\nd",unicode="grüße"} 1e-9
        shop_infinite +Inf
        shop_drop_me 1
        shop_exported{instance="inner",job="inner"} 5

        """;

    private static readonly string[] Queries =
    [
        "{__name__=~\"shop_.+\"}",
        "up",
        "scrape_samples_scraped",
        "scrape_samples_post_metric_relabeling",
        "sum by (country) (shop_orders_total)",
        "histogram_quantile(0.9, shop_latency_seconds_bucket)",
        "topk(2, shop_orders_total)",
        "shop_orders_total * on (instance) group_left shop_temperature_celsius",
        "label_replace(shop_orders_total, \"where\", \"$1-x\", \"country\", \"(.).*\")",
        "absent(shop_nothing)",
        "count by (__name__) ({job=\"shop\"})",
        "shop_orders_total > bool 50",
        "quantile(0.5, shop_orders_total)",
    ];

    [PeerFact]
    public async Task Instant_queries_on_the_same_targets_are_answered_alike()
    {
        using var target = new StaticTarget(Exposition);
        using var openMetrics = new StaticTarget(
            "# TYPE om_jobs counter\nom_jobs_total{queue=\"a\"} 17 # {trace_id=\"abc\"} 1.0\nom_jobs_created{queue=\"a\"} 1700000000.5\n# EOF\n",
            "application/openmetrics-text; version=1.0.0; charset=utf-8");
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", $"""
            global:
              scrape_interval: 1s
              scrape_timeout: 1s
              external_labels: {"{region: test}"}
            scrape_configs:
              - job_name: shop
                static_configs:
                  - targets: ['{target.Address}']
                    labels: {"{team: a}"}
                relabel_configs:
                  - source_labels: [__address__]
                    regex: (.+):(\d+)
                    target_label: host
                    replacement: $1
                metric_relabel_configs:
                  - source_labels: [__name__]
                    regex: shop_drop_.*
                    action: drop
                  - source_labels: [country]
                    action: uppercase
                    target_label: country
              - job_name: om
                file_sd_configs:
                  - files: ['{directory.Path}/targets-*.json']
              - job_name: gone
                static_configs:
                  - targets: ['127.0.0.1:1']
            """);
        directory.Write("targets-1.json", $$$"""[{"targets":["{{{openMetrics.Address}}}"],"labels":{"from":"file"}}]""");

        using ServerProcess real = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        foreach (ServerProcess server in new[] { real, ours })
        {
            await server.WaitForAsync(
                "api/v1/query?query=" + Uri.EscapeDataString("count(count_over_time(up[1m]) > 2)"),
                answer => answer.Contains(",\"3\"]", StringComparison.Ordinal));
        }

        // Within the lookback of both, and the same instant for both.
        string time = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0).ToString("f3", CultureInfo.InvariantCulture);
        foreach (string query in (IEnumerable<string>)[.. Queries, "{__name__=~\"om_.+\"}", "om_jobs_total + 1"])
        {
            string path = $"api/v1/query?time={time}&query={Uri.EscapeDataString(query)}";
            string expected = await real.GetAsync(path);
            Assert.NotEmpty(JsonAnswers.Samples(expected));
            JsonAnswers.AssertEqual(query, expected, await ours.GetAsync(path));
        }
    }
}
