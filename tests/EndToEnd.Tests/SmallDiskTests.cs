using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>Everything that writes into the data directory, on a disk that is full, nearly full, or read-only: a clear error, nothing lost, and it goes on by itself.</summary>
public sealed class SmallDiskTests : IDisposable
{
    private static readonly string[] s_flags =
    [
        "--web.enable-remote-write-receiver", "--web.enable-admin-api", "--storage.tsdb.retention.time=100y", "--storage.tsdb.max-block-duration=1h",
        "--storage.tsdb.block-reload-interval=1s", "--enable-feature=native-histograms",
    ];

    private static readonly string[] s_shortBlocks = [.. s_flags, "--storage.tsdb.min-block-duration=2m"];

    private readonly TemporaryDirectory _directory = new();
    private readonly SmallDisk _disk;
    private readonly string _config;
    private readonly string _data;
    private readonly KnownSamples _samples = new();

    public SmallDiskTests()
    {
        _config = _directory.Write("prometheus.yml", "storage:\n  tsdb:\n    out_of_order_time_window: 1h\n    stale_series_compaction_threshold: 0.5\n");
        _disk = new SmallDisk(megabytes: 8);
        _data = Path.Combine(_disk.Path, "data");
    }

    [SmallDiskFact]
    public async Task A_full_disk_stops_all_that_writes_and_it_goes_on_when_there_is_room()
    {
        using (ServerProcess server = await StartAsync(s_shortBlocks))
        {
            await _samples.WriteAsync(server, 410);
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_blocks_loaded") > 1);
            _samples.DeletedGeneration = 0;
            Assert.Equal(HttpStatusCode.NoContent, (await DeleteAsync(server, 0)).Status);
            await _samples.CheckAsync(server, "filled");
            await FailToCompactAsync(server);
            for (int round = 0; round < 2; round++)
            {
                _disk.Fill();
                await FailToWriteAsync(server);
                await FailToAdministerAsync(server);
                _disk.GiveBack();
                await _samples.WriteAsync(server, 30);
                await _samples.CheckAsync(server, "room again");
            }

            // What could not be compacted is made up for.
            double compactions = Metric(await server.GetAsync("metrics"), "prometheus_tsdb_head_truncations_total");
            await _samples.WriteAsync(server, 200);
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_head_truncations_total") > compactions);
            Assert.Equal(HttpStatusCode.NoContent, (await server.PostAsync("api/v1/admin/tsdb/clean_tombstones", null)).Status);
            await _samples.CheckAsync(server, "cleaned");

            // Ends cleanly although it cannot write its snapshot.
            _disk.Fill();
            await FailToWriteAsync(server);
            Assert.Equal(0, server.Terminate());
            Assert.Empty(Directory.GetDirectories(_data, "chunk_snapshot.*"));
            Assert.Contains("chunk snapshot", server.Log, StringComparison.OrdinalIgnoreCase);
        }

        // Nothing has to be written to start and to answer.
        using (ServerProcess server = await StartAsync(s_shortBlocks))
        {
            await _samples.CheckAsync(server, "started on a full disk");
            await FailToWriteAsync(server);
            server.KillHard();
        }

        _disk.GiveBack();
        using (ServerProcess server = await StartAsync(s_shortBlocks))
        {
            await _samples.CheckAsync(server, "started again");
            await CheckSoundAsync(server);
            await _samples.WriteAsync(server, 30);
            _disk.Fill();
            await FailToWriteAsync(server);
            server.KillHard();
        }

        _disk.GiveBack();
        using ServerProcess last = await StartAsync(s_shortBlocks);
        await _samples.CheckAsync(last, "killed");
        await CheckSoundAsync(last);
    }

    [SmallDiskFact]
    public async Task Stale_series_stay_in_memory_until_there_is_room_for_their_block()
    {
        using ServerProcess server = await StartAsync(s_flags);
        await _samples.WriteAsync(server, 40);
        double stale = BitConverter.Int64BitsToDouble(0x7ff0000000000002);
        _disk.Fill(leftBytes: 12 << 10);
        (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(
            server, CrashSequence.Steps(0, 20, 40, 41).Select(series => series with { Samples = [(series.Samples[0].TimestampMs, stale)] }));
        Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}");
        await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_stale_series_compactions_failed_total") > 0);
        await _samples.CheckAsync(server, "failed");
        Assert.Equal(26, Metric(await server.GetAsync("metrics"), "prometheus_tsdb_head_series"));
        Assert.Empty(Directory.GetDirectories(_data, "01*"));

        _disk.GiveBack();
        await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_head_series") == 6);
        Assert.Single(Directory.GetDirectories(_data, "01*"));
        await _samples.CheckAsync(server, "evicted");
        server.KillHard();
        using ServerProcess again = await StartAsync(s_flags);
        await _samples.CheckAsync(again, "killed");
    }

    [SmallDiskFact]
    public async Task A_read_only_disk_is_refused_at_the_start_and_read_by_the_tools()
    {
        using (ServerProcess server = await StartAsync(s_shortBlocks))
        {
            await _samples.WriteAsync(server, 410);
            await server.WaitForAsync("metrics", metrics => Metric(metrics, "prometheus_tsdb_blocks_loaded") > 1);
            server.KillHard();
        }

        _disk.Protect();
        int port = ServerProcess.FreePort();
        using (ServerProcess refused = ServerProcess.Start(
            ServerProcess.NarthexPath, port, [$"--config.file={_config}", $"--storage.tsdb.path={_data}", $"--web.listen-address=127.0.0.1:{port}", .. s_shortBlocks]))
        {
            Assert.Equal(1, refused.WaitForExit());
            Assert.True(Regex.IsMatch(refused.Log, $"level=ERROR .*Read-only file system.*{Regex.Escape(_data)}"), refused.Log);
        }

        string[] dumped = await DumpAsync();
        _disk.Unprotect();
        using ServerProcess again = await StartAsync(s_shortBlocks);
        await _samples.CheckAsync(again, "writable again");
        await CheckSoundAsync(again);
        Assert.Equal(410 * (20 + (2 * CrashExtras.SeriesPerPart)), dumped.Length);
    }

    public void Dispose()
    {
        _disk.Dispose();
        _directory.Dispose();
    }

    private Task<ServerProcess> StartAsync(string[] flags) => ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, _data, flags);

    // Room for the log, but not for a block.
    private async Task FailToCompactAsync(ServerProcess server)
    {
        double failed = Metric(await server.GetAsync("metrics"), "prometheus_tsdb_compactions_failed_total");
        for (bool isDue = false; !isDue; _disk.GiveBack())
        {
            _disk.Fill(leftBytes: 20 << 10);
            (HttpStatusCode status, string body) = await _samples.SendAsync(server, KnownSamples.Kind.Floats, 4);
            Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}");

            // The head is compacted when it is one and a half ranges long. It is tried again as long as there is no room.
            string metrics = await server.GetAsync("metrics");
            isDue = Metric(metrics, "prometheus_tsdb_head_max_time") - Metric(metrics, "prometheus_tsdb_head_min_time") > 180_000;
            if (isDue)
            {
                await server.WaitForAsync("metrics", later => Metric(later, "prometheus_tsdb_compactions_failed_total") > failed);
            }
        }
    }

    private async Task FailToWriteAsync(ServerProcess server)
    {
        double failed = Metric(await server.GetAsync("metrics"), "prometheus_tsdb_wal_writes_failed_total");
        foreach (KnownSamples.Kind kind in Enum.GetValues<KnownSamples.Kind>())
        {
            // What fits into the last page is still taken.
            HttpStatusCode status = HttpStatusCode.NoContent;
            string body = "";
            for (int i = 0; i < 2000 && status == HttpStatusCode.NoContent; i++)
            {
                (status, body) = await _samples.SendAsync(server, kind, 1);
            }

            Assert.Equal((kind, HttpStatusCode.InternalServerError), (kind, status));
            Assert.Matches("write to write-ahead log.*No space left on device", body);
            await _samples.CheckAsync(server, $"{kind} refused");
        }

        Assert.True(Metric(await server.GetAsync("metrics"), "prometheus_tsdb_wal_writes_failed_total") > failed);
    }

    private async Task FailToAdministerAsync(ServerProcess server)
    {
        (HttpStatusCode status, string body) = await DeleteAsync(server, 2);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("No space left on device", body, StringComparison.Ordinal);
        await _samples.CheckAsync(server, "not deleted");
        (status, body) = await server.PostAsync("api/v1/admin/tsdb/clean_tombstones", null);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("No space left on device", body, StringComparison.Ordinal);
        await _samples.CheckAsync(server, "not cleaned");
        (status, body) = await server.PostAsync("api/v1/admin/tsdb/snapshot", null);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Matches("create snapshot: .*No space left on device", body);
        string snapshots = Path.Combine(_data, "snapshots");
        Assert.Empty(Directory.Exists(snapshots) ? Directory.GetFileSystemEntries(snapshots) : []);
        Assert.Empty(Directory.GetDirectories(_data, "*.tmp*"));
    }

    private static Task<(HttpStatusCode Status, string Body)> DeleteAsync(ServerProcess server, int generation) => server.PostAsync(
        $"api/v1/admin/tsdb/delete_series?match[]={Uri.EscapeDataString($"{{__name__=~\"crash_.*\",generation=\"{generation}\"}}")}", null);

    private static async Task CheckSoundAsync(ServerProcess server)
    {
        string metrics = await server.GetAsync("metrics");
        foreach (string name in (string[])["wal_corruptions_total", "mmap_chunk_corruptions_total", "block_loads_failed_total", "snapshot_replay_error_total", "reloads_failures_total"])
        {
            Assert.Equal((name, 0), (name, Metric(metrics, "prometheus_tsdb_" + name)));
        }
    }

    private async Task<string[]> DumpAsync()
    {
        string promtool = ServerProcess.NarthexPath.Replace(Path.Combine("src", "Prometheus"), Path.Combine("src", "Promtool"), StringComparison.Ordinal)
            .Replace("/prometheus", "/promtool", StringComparison.Ordinal);
        using Process process = Process.Start(new ProcessStartInfo(promtool, ["tsdb", "dump", _data]) { RedirectStandardOutput = true })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static double Metric(string metrics, string name) =>
        double.Parse(Regex.Match(metrics, $"^{name} (.+)$", RegexOptions.Multiline).Groups[1].Value, CultureInfo.InvariantCulture);
}
