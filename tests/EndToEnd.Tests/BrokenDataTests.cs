using System.Net;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>Data directories that are not as they should be.</summary>
public sealed class BrokenDataTests
{
    private const int SeriesCount = 5;

    private static readonly string[] s_flags =
    [
        "--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y", "--storage.tsdb.min-block-duration=2m", "--storage.tsdb.max-block-duration=2m",
        "--storage.tsdb.block-reload-interval=1s",
    ];

    [Fact]
    public async Task A_broken_block_is_named_counted_and_left_out_and_everything_else_served()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", "global:\n  scrape_interval: 15s\n");
        string data = directory.Combine("data");
        double all = 0;
        using (ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data, s_flags))
        {
            for (int step = 0; step < 600; step += 20)
            {
                (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, CrashSequence.Steps(0, SeriesCount, step, step + 20));
                Assert.True(status == HttpStatusCode.NoContent, body);
            }

            await server.WaitForAsync("metrics", metrics => metrics.Contains("\nprometheus_tsdb_blocks_loaded 4\n", StringComparison.Ordinal));
            all = await CountAsync(server);
            Assert.Equal(0, server.Terminate());
        }

        string[] blocks = [.. Directory.GetDirectories(data, "01*").Order(StringComparer.Ordinal)];
        string index = Path.Combine(blocks[1], "index");
        byte[] bytes = File.ReadAllBytes(index);
        bytes[^1] ^= 1;
        File.WriteAllBytes(index, bytes);

        using ServerProcess again = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data, s_flags);
        string after = await again.GetAsync("metrics");
        Assert.Contains("\nprometheus_tsdb_block_loads_failed_total 1\n", after, StringComparison.Ordinal);
        Assert.Contains("\nprometheus_tsdb_blocks_loaded 3\n", after, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(blocks[1]), again.Log, StringComparison.Ordinal);
        Assert.Equal(all - (120 * SeriesCount), await CountAsync(again));

        // The block stays where it is for whoever wants to save it, and counts again as soon as it is whole.
        bytes[^1] ^= 1;
        File.WriteAllBytes(index, bytes);
        await again.WaitForAsync("metrics", metrics => metrics.Contains("\nprometheus_tsdb_blocks_loaded 4\n", StringComparison.Ordinal));
        Assert.Equal(all, await CountAsync(again));
    }

    [Fact]
    public async Task A_second_server_is_kept_off_the_directory()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", "global:\n  scrape_interval: 15s\n");
        string data = directory.Combine("data");
        using ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data, s_flags);
        int port = ServerProcess.FreePort();
        using ServerProcess second = ServerProcess.Start(
            ServerProcess.NarthexPath, port, [$"--config.file={config}", $"--storage.tsdb.path={data}", $"--web.listen-address=127.0.0.1:{port}"]);

        Assert.NotEqual(0, second.WaitForExit());
        Assert.Contains("lock DB directory", second.Log, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(data, "lock")));
        Assert.Equal(0, server.Terminate());
        Assert.False(File.Exists(Path.Combine(data, "lock")));
    }

    private static async Task<double> CountAsync(ServerProcess server)
    {
        string query = Uri.EscapeDataString($"sum(count_over_time({CrashSequence.MetricName}[1000000s]))");
        return JsonAnswers.Samples(await server.GetAsync($"api/v1/query?query={query}&time={(CrashSequence.StartMs / 1000) + 999_000}")).Values.Single();
    }
}
