using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>A disk that becomes read-only under the running server: a clear error, nothing lost, and queries go on.</summary>
public sealed class ReadOnlyDiskTests : IDisposable
{
    private static readonly string[] s_flags =
    [
        "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--storage.tsdb.retention.time=100y", "--storage.tsdb.max-block-duration=1h",
        "--storage.tsdb.min-block-duration=2m", "--storage.tsdb.block-reload-interval=1s", "--enable-feature=native-histograms",
    ];

    private readonly TemporaryDirectory _directory = new();
    private readonly KnownSamples _samples = new();
    private readonly string _config;

    public ReadOnlyDiskTests() => _config = _directory.Write("prometheus.yml", "storage:\n  tsdb:\n    out_of_order_time_window: 1h\n");

    public void Dispose() => _directory.Dispose();

    [FailingDiskFact]
    public async Task When_the_kernel_makes_it_read_only_nothing_is_acknowledged_any_more_and_what_was_is_there_afterwards()
    {
        using var disk = new FailingDisk(megabytes: 48);
        string data = Path.Combine(disk.Path, "data");
        using (ServerProcess server = await StartAsync(data))
        {
            await _samples.WriteAsync(server, 410);
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_blocks_loaded") > 1);

            // Blocks and log as they are on the disk.
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_head_truncations_total") > 0);
            disk.Fail();
            double failed = Metric(await server.GetAsync("metrics"), "prometheus_tsdb_wal_writes_failed_total");
            foreach (KnownSamples.Kind kind in Enum.GetValues<KnownSamples.Kind>())
            {
                (HttpStatusCode status, string body) = await _samples.SendAsync(server, kind, 1);
                Assert.Equal((kind, HttpStatusCode.InternalServerError), (kind, status));
                Assert.Matches("write to write-ahead log.*Read-only file system", body);
                await _samples.CheckAsync(server, $"{kind} refused");
            }

            Assert.True(Metric(await server.GetAsync("metrics"), "prometheus_tsdb_wal_writes_failed_total") > failed);
            await FailToAdministerAsync(server);
            await _samples.CheckAsync(server, "read-only");
            int exitCode = server.Terminate();
            Assert.True(exitCode == 0, $"{exitCode}\n{server.Log}");
        }

        disk.Replace();
        using ServerProcess again = await StartAsync(data);
        await _samples.CheckAsync(again, "writable again");
        await CheckSoundAsync(again);
        await _samples.WriteAsync(again, 30);
        await _samples.CheckAsync(again, "written on");
    }

    [SmallDiskFact]
    public async Task Where_no_file_can_be_made_any_more_the_log_goes_on_and_the_rest_is_made_up_for_without_a_restart()
    {
        using var disk = new SmallDisk(megabytes: 8);
        string data = Path.Combine(disk.Path, "data");
        using (ServerProcess server = await StartAsync(data))
        {
            await _samples.WriteAsync(server, 100);
            disk.Cover();
            double failed = Metric(await server.GetAsync("metrics"), "prometheus_tsdb_compactions_failed_total");
            await _samples.WriteAsync(server, 310);
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_compactions_failed_total") > failed);
            Assert.Matches("level=ERROR .*compaction failed.*Read-only file system", server.Log);
            await FailToAdministerAsync(server);
            await _samples.WriteAsync(server, 20);
            await _samples.CheckAsync(server, "read-only");
            disk.Uncover();

            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_blocks_loaded") > 1);
            await _samples.WriteAsync(server, 30);
            await _samples.CheckAsync(server, "writable again");
            Assert.Equal(HttpStatusCode.OK, (await server.PostAsync("api/v1/admin/tsdb/snapshot", null)).Status);
            server.KillHard();
        }

        using ServerProcess again = await StartAsync(data);
        await _samples.CheckAsync(again, "killed");
        await CheckSoundAsync(again);
    }

    private Task<ServerProcess> StartAsync(string data) => ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, data, s_flags);

    private static async Task FailToAdministerAsync(ServerProcess server)
    {
        (HttpStatusCode status, string body) = await server.PostAsync("api/v1/admin/tsdb/snapshot", null);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Matches("create snapshot: .*Read-only file system", body);
    }

    private static async Task CheckSoundAsync(ServerProcess server)
    {
        string metrics = await server.GetAsync("metrics");
        foreach (string name in (string[])["wal_corruptions_total", "mmap_chunk_corruptions_total", "block_loads_failed_total", "snapshot_replay_error_total", "reloads_failures_total"])
        {
            Assert.Equal((name, 0), (name, Metric(metrics, "prometheus_tsdb_" + name)));
        }
    }

    private static double Metric(string metrics, string name) =>
        double.Parse(Regex.Match(metrics, $"^{name} (.+)$", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);
}
