using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>The real Prometheus and ours with everything of the database switched on: what one tells about its database, the other tells too.</summary>
public sealed class MetricNamesTests
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
