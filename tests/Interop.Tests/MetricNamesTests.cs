using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>The real Prometheus and ours with everything of the database switched on: what one tells about its database, the other tells too.</summary>
public sealed partial class MetricNamesTests
{
    private const string Config = """
        storage:
          tsdb:
            out_of_order_time_window: 1h
          exemplars:
            max_exemplars: 1000
        """;

    // What 3.14 tells beyond the peer here, which is of an older release.
    private static readonly string[] s_since35 =
    [
        "prometheus_tsdb_head_native_histogram_buckets gauge",
        "prometheus_tsdb_head_native_histogram_series gauge",
        "prometheus_tsdb_head_stale_series gauge",
        "prometheus_tsdb_retention_limit_percentage gauge",
        "prometheus_tsdb_sample_ooo_delta histogram",
        "prometheus_tsdb_selected_series_compaction_duration_seconds histogram",
        "prometheus_tsdb_selected_series_compactions_failed_total counter",
        "prometheus_tsdb_selected_series_compactions_triggered_total counter",
        "prometheus_tsdb_stale_series_compaction_duration_seconds histogram",
        "prometheus_tsdb_stale_series_compactions_failed_total counter",
        "prometheus_tsdb_stale_series_compactions_triggered_total counter",
        "prometheus_tsdb_wal_record_bytes_saved_total counter",
        "prometheus_tsdb_wal_replay_unknown_refs_total counter",
        "prometheus_tsdb_wbl_replay_unknown_refs_total counter",
    ];

    [PeerFact]
    public async Task Every_metric_of_the_database_has_its_name_type_and_labels()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", Config);
        string[] flags = ["--enable-feature=native-histograms,exemplar-storage,metadata-wal-records", "--storage.tsdb.retention.time=100y", "--storage.tsdb.head-chunks-write-queue-size=1000"];
        using ServerProcess theirs = await ServerProcess.StartPrometheusAsync(
            RepositoryPaths.Peers + "/prometheus", config, directory.Combine("theirs"), [.. flags, "--enable-feature=memory-snapshot-on-shutdown"]);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"), flags);
        (SortedSet<string> types, SortedSet<string> series) = Read(await theirs.GetAsync("metrics"));
        (SortedSet<string> ourTypes, SortedSet<string> ourSeries) = Read(await ours.GetAsync("metrics"));
        Assert.True(types.Count > 60, $"only {types.Count} metrics");
        Assert.Empty(types.Concat(s_since35).Except(ourTypes));
        Assert.Empty(series.Except(ourSeries));
    }

    // What is deliberately not told, and why: the beginnings of names.
    private static readonly string[] s_absent =
    [
        "go_", // Another runtime: there are dotnet_ metrics.
        "prometheus_build_info", // There, with other values.
        "prometheus_notifications_latency_seconds", // Newer releases measure only requests that succeed; here none does.
        "prometheus_remote_read_handler_queries", "prometheus_remote_storage_", // Remote read and write do not send yet.
        "prometheus_http_requests_total{code=200,handler=/api/v1/*path}", // Each route answers its own OPTIONS.
        "prometheus_http_requests_total{code=200,handler=/api/v1/read}", // Remote read is not there yet.
        "prometheus_http_requests_total{code=200,handler=/classic/static/*filepath}", "prometheus_http_requests_total{code=200,handler=/static/*filepath}", // Of another UI.
        "prometheus_http_requests_total{code=200,handler=/debug/*subpath}", // Profiles of another runtime.
    ];

    // Labels that newer releases have and the peer has not.
    private static readonly (string Family, string Label)[] s_newLabels =
    [
        ("prometheus_notifications_dropped_total", "alertmanager"), ("prometheus_notifications_queue_length", "alertmanager"),
        ("prometheus_sd_refresh_duration_seconds", "config"), ("prometheus_sd_refresh_failures_total", "config"),
    ];

    [PeerFact]
    public async Task Every_other_metric_has_its_name_type_and_labels_and_connections_count_alike()
    {
        using var directory = new TemporaryDirectory();
        using var closing = new RawTarget("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: 4\r\n\r\na 1\n");
        using var open = new StaticTarget("a 1\n");
        directory.Write("targets.json", "[{\"targets\": [\"127.0.0.1:1\"]}]");
        directory.Write("rules.yml", "groups: [{name: g, interval: 1s, rules: [{alert: A, expr: vector(1), labels: {a: b}, annotations: {c: '{{ template \"none\" }}'}}]}]\n");
        string config = directory.Write("prometheus.yml", $$"""
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            rule_files: [rules.yml]
            alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:1']}]}, {static_configs: [{targets: ['127.0.0.1:2']}]}]}
            scrape_configs:
            - {job_name: open, static_configs: [{targets: ['{{open.Address}}']}]}
            - {job_name: closing, static_configs: [{targets: ['{{closing.Address}}']}]}
            - {job_name: noise, scheme: https, static_configs: [{targets: ['{{closing.Address}}']}]}
            - {job_name: refused, static_configs: [{targets: ['127.0.0.1:1']}]}
            - {job_name: nowhere, static_configs: [{targets: ['255.255.255.255:1']}]}
            - {job_name: file, file_sd_configs: [{files: [targets.json]}]}
            - {job_name: asked, http_sd_configs: [{url: 'http://127.0.0.1:1/x', refresh_interval: 1s}]}
            - {job_name: docker, docker_sd_configs: [{host: 'http://127.0.0.1:1', refresh_interval: 1s}]}
            - {job_name: swarm, dockerswarm_sd_configs: [{host: 'http://127.0.0.1:1', role: nodes, refresh_interval: 1s}]}
            - {job_name: cluster, kubernetes_sd_configs: [{role: pod, api_server: 'http://127.0.0.1:1'}]}
            """);
        using ServerProcess theirs = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("theirs"), "--rules.alert.resend-delay=1s");
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"), "--rules.alert.resend-delay=1s");
        string differences = "";
        for (int attempt = 0; attempt < 120; attempt++)
        {
            await Task.Delay(500);
            differences = CompareOthers(await theirs.GetAsync("metrics"), await ours.GetAsync("metrics"));
            if (differences.Length == 0)
            {
                return;
            }
        }

        Assert.Fail(differences);
    }

    private static string CompareOthers(string theirs, string ours)
    {
        (SortedSet<string> types, SortedSet<string> series, SortedSet<string> counted) = ReadOthers(theirs, s_newLabels);
        (SortedSet<string> ourTypes, SortedSet<string> ourSeries, SortedSet<string> ourCounted) = ReadOthers(ours, s_newLabels);
        IEnumerable<string> differences =
        [
            .. types.Count > 90 ? [] : (string[])[$"only {types.Count} types"],

            // All of these connections have been tried by now.
            .. counted.Count(name => name.StartsWith("net_conntrack_dialer_conn_failed_total", StringComparison.Ordinal)) >= 15 ? [] : (string[])[$"only: {string.Join(", ", counted)}"],
            .. types.Except(ourTypes),
            .. series.Except(ourSeries),
            .. counted.Except(ourCounted).Select(name => name + ": zero here"),
            .. ourCounted.Except(counted).Select(name => name + ": zero there"),
        ];
        return string.Join('\n', differences);
    }

    // Types, series, and those of connections and templates that have counted anything.
    private static (SortedSet<string> Types, SortedSet<string> Series, SortedSet<string> Counted) ReadOthers(string metrics, (string Family, string Label)[] newLabels)
    {
        var types = new SortedSet<string>(StringComparer.Ordinal);
        var series = new SortedSet<string>(StringComparer.Ordinal);
        var counted = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string line in metrics.Split('\n'))
        {
            string name = line.StartsWith("# TYPE ", StringComparison.Ordinal) ? line["# TYPE ".Length..] : NormalForm(line, newLabels);
            if (name.Length == 0 || line.StartsWith("# HELP", StringComparison.Ordinal) || s_absent.Any(absent => name.StartsWith(absent, StringComparison.Ordinal))
                || (name.StartsWith("prometheus_http_requests_total{", StringComparison.Ordinal) && !name.Contains("code=200", StringComparison.Ordinal)))
            {
                continue;
            }

            (line[0] == '#' ? types : series).Add(name);
            if ((name.StartsWith("net_", StringComparison.Ordinal) || name.StartsWith("prometheus_template_", StringComparison.Ordinal)) && line[0] != '#' && !line.EndsWith(" 0", StringComparison.Ordinal))
            {
                counted.Add(name);
            }
        }

        return (types, series, counted);
    }

    // Labels in the order of their names, without those that only one of the two has.
    private static string NormalForm(string line, (string Family, string Label)[] newLabels)
    {
        if (line.Length == 0 || line[0] == '#')
        {
            return "";
        }

        string name = line[..line.IndexOfAny(['{', ' '])];
        IEnumerable<string> labels = Label().Matches(line).Where(label => !newLabels.Any(known => name.StartsWith(known.Family, StringComparison.Ordinal) && known.Label == label.Groups[1].Value))
            .Select(label => $"{label.Groups[1].Value}={label.Groups[2].Value}").Order(StringComparer.Ordinal);
        return $"{name}{{{string.Join(',', labels)}}}";
    }

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Label();

    private static (SortedSet<string> Types, SortedSet<string> Series) Read(string metrics)
    {
        var types = new SortedSet<string>(StringComparer.Ordinal);
        var series = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string line in metrics.Split('\n'))
        {
            if (line.StartsWith("# TYPE prometheus_tsdb_", StringComparison.Ordinal))
            {
                types.Add(line["# TYPE ".Length..]);
            }
            else if (line.StartsWith("prometheus_tsdb_", StringComparison.Ordinal))
            {
                series.Add(line[..line.LastIndexOf(' ')]);
            }
        }

        return (types, series);
    }
}
