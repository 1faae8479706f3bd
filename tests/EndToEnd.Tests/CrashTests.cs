using System.Globalization;
using System.Net;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>A killed server comes back with everything that it acknowledged, and with nothing else.</summary>
public sealed class CrashTests
{
    private const int Rounds = 8;
    private const int SeriesCount = 50;
    private const long StartMs = 1_767_225_600_000;
    private static readonly string[] Flags = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y", "--storage.tsdb.memory-snapshot-log-size=1KB"];

    [Fact]
    public async Task Every_acknowledged_remote_write_survives_kill_9_at_random_instants()
    {
        const int Seed = 20261121;
        var random = new Random(Seed);
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", "global:\n  scrape_interval: 15s\n");
        string data = directory.Combine("data");
        int acknowledged = 0;
        for (int round = 0; round < Rounds; round++)
        {
            using ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data, Flags);
            int present = await CountStepsAsync(server);
            Assert.True(present >= acknowledged, $"Seed {Seed}, round {round}: {acknowledged} steps acknowledged, {present} there.");

            // The step in flight at the kill may be there whole; nothing beyond it can be.
            Assert.True(present <= acknowledged + 1, $"Seed {Seed}, round {round}: {present} steps there, only {acknowledged} acknowledged.");
            acknowledged = present;

            int killAfterMs = random.Next(50, 600);
            Task killer = Task.Run(async () =>
            {
                await Task.Delay(killAfterMs);
                server.KillHard();
            });
            acknowledged = await WriteUntilKilledAsync(server, acknowledged);
            await killer;
        }

        Assert.True(acknowledged > Rounds, "The server must have taken some steps in each round.");
    }

    [Fact]
    public async Task A_completed_scrape_survives_kill_9_whole()
    {
        using var target = new StaticTarget(string.Concat(Enumerable.Range(0, 500).Select(i => $"crash_metric{{i=\"{i}\"}} {i}\n")));
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", $"""
            global:
              scrape_interval: 1s
              scrape_timeout: 1s
            scrape_configs:
              - job_name: crash
                static_configs:
                  - targets: ['{target.Address}']
            """);
        string data = directory.Combine("data");
        for (int round = 0; round < 3; round++)
        {
            string query = "api/v1/query?query=" + Uri.EscapeDataString("count_over_time(crash_metric[10m])");
            SortedDictionary<string, double> before;
            using (ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data))
            {
                await server.WaitForAsync(
                    "api/v1/query?query=" + Uri.EscapeDataString("sum(up)"), answer => answer.Contains("\"1\"]", StringComparison.Ordinal));
                before = WithoutTime(await server.GetAsync(query));
                server.KillHard();
            }

            // The target is gone now: what is there after the restart was there before the kill.
            string quiet = directory.Write("quiet.yml", "global:\n  scrape_interval: 1s\n");
            using ServerProcess again = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, quiet, data);
            SortedDictionary<string, double> after = WithoutTime(await again.GetAsync(query));
            Assert.Equal(500, before.Count);
            Assert.Equal(before.Keys, after.Keys);

            // Scrapes are atomic: all series of the target have the same number of samples, and none fewer than before.
            Assert.Single(after.Values.Distinct());
            Assert.True(after.Values.First() >= before.Values.First(), $"{before.Values.First()} samples before, {after.Values.First()} after.");
            again.KillHard();
        }
    }

    private static SortedDictionary<string, double> WithoutTime(string answer)
    {
        var samples = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach ((string key, double value) in JsonAnswers.Samples(answer))
        {
            samples.Add(key[..key.LastIndexOf(" @", StringComparison.Ordinal)], value);
        }

        return samples;
    }

    private static async Task<int> WriteUntilKilledAsync(ServerProcess server, int nextStep)
    {
        while (true)
        {
            try
            {
                (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, Step(nextStep));
                Assert.True(status is HttpStatusCode.NoContent, $"{status}: {body}");
                nextStep++;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                return nextStep; // Killed: the step in flight was not acknowledged.
            }
        }
    }

    private static IEnumerable<RemoteWriteClient.Series> Step(int step) => Enumerable.Range(0, SeriesCount).Select(i =>
        new RemoteWriteClient.Series(
            [("__name__", "crash_test"), ("i", i.ToString(CultureInfo.InvariantCulture))],
            [(StartMs + (step * 1000L), (step * 1000) + i)]));

    // Every series must hold exactly the steps 0 to n-1, each with its value; returns n. The sums over time tell: a sample that is
    // missing, doubled or changed leaves no n for which count, sum and last time fit together.
    private static async Task<int> CountStepsAsync(ServerProcess server)
    {
        SortedDictionary<string, double> counts = await OverTimeAsync(server, "count_over_time");
        SortedDictionary<string, double> sums = await OverTimeAsync(server, "sum_over_time");
        SortedDictionary<string, double> newest = await OverTimeAsync(server, "max_over_time");
        if (counts.Count == 0)
        {
            return 0;
        }

        Assert.Equal(SeriesCount, counts.Count);
        double n = Assert.Single(counts.Values.Distinct());
        for (int i = 0; i < SeriesCount; i++)
        {
            string labels = $"i={i.ToString(CultureInfo.InvariantCulture)}";
            Assert.Equal(((n - 1) * 1000) + i, newest[labels]);
            Assert.Equal((1000 * n * (n - 1) / 2) + (n * i), sums[labels]);
        }

        return (int)n;
    }

    private static async Task<SortedDictionary<string, double>> OverTimeAsync(ServerProcess server, string function)
    {
        const int Seconds = 1_000_000;
        string query = Uri.EscapeDataString($"{function}(crash_test[{Seconds}s])");
        return WithoutTime(await server.GetAsync($"api/v1/query?query={query}&time={(StartMs / 1000) + Seconds - 10}"));
    }
}
