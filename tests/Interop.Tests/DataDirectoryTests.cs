using System.Net;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>A data directory moves between the real Prometheus and ours, after a crash, and answers stay the same.</summary>
public sealed class DataDirectoryTests
{
    private const long StartMs = 1_767_225_600_000; // 2026-01-01, fixed so that a failure can be repeated.
    private const string EmptyConfig = "global:\n  scrape_interval: 15s\n";
    private static readonly string[] Flags = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"];

    private static readonly string[] Queries =
    [
        "test_requests_total",
        "test_requests_total{code=~\"5..\"}",
        "sum by (code) (rate(test_requests_total[5m]))",
        "histogram_quantile(0.9, sum by (le) (rate(test_duration_seconds_bucket[5m])))",
        "test_special",
        "count({__name__=~\".+\"})",
        "max_over_time(test_temperature[10m]) - min_over_time(test_temperature[10m])",
        "avg without (instance) (test_temperature)",
    ];

    [PeerFact]
    public async Task The_real_Prometheus_opens_what_we_wrote() =>
        await WriteWithOneReadWithTheOther(ServerProcess.NarthexPath, RepositoryPaths.Peers + "/prometheus");

    [PeerFact]
    public async Task We_open_what_the_real_Prometheus_wrote() =>
        await WriteWithOneReadWithTheOther(RepositoryPaths.Peers + "/prometheus", ServerProcess.NarthexPath);

    [PeerFact]
    public async Task Promtool_dumps_every_sample_that_we_wrote()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", EmptyConfig);
        string data = directory.Combine("data");
        using (ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, data, Flags))
        {
            await FillAsync(server);
            server.KillHard();
        }

        using ServerProcess promtool = ServerProcess.Start(RepositoryPaths.Peers + "/promtool", 0, ["tsdb", "dump", data]);
        Assert.Equal(0, promtool.WaitForExit());
        int lines = promtool.Log.Split('\n').Count(line => line.StartsWith('{'));
        Assert.Equal(Steps().Sum(step => step.Count()), lines);
    }

    private static async Task WriteWithOneReadWithTheOther(string writerPath, string readerPath)
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", EmptyConfig);
        using ServerProcess writer = await ServerProcess.StartPrometheusAsync(writerPath, config, directory.Combine("data"), Flags);
        await FillAsync(writer);
        string[] expected = await AskAsync(writer);
        writer.KillHard();

        string copy = directory.CopyFrom(directory.Combine("data"), "copy");
        File.Delete(Path.Combine(copy, "lock"));
        using ServerProcess reader = await ServerProcess.StartPrometheusAsync(readerPath, config, copy, Flags);
        string[] actual = await AskAsync(reader);
        for (int i = 0; i < Queries.Length; i++)
        {
            Assert.NotEmpty(JsonAnswers.Samples(expected[i]));
            JsonAnswers.AssertEqual(Queries[i], expected[i], actual[i]);
        }
    }

    private static async Task<string[]> AskAsync(ServerProcess server)
    {
        var answers = new List<string>();
        foreach (string query in Queries)
        {
            answers.Add(await server.GetAsync(
                $"api/v1/query_range?query={Uri.EscapeDataString(query)}&start={StartMs / 1000}&end={(StartMs / 1000) + 3600}&step=60"));
        }

        return [.. answers];
    }

    private static async Task FillAsync(ServerProcess server)
    {
        foreach (IEnumerable<RemoteWriteClient.Series> step in Steps())
        {
            (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, step);
            Assert.True(status is HttpStatusCode.NoContent or HttpStatusCode.OK, $"{status}: {body}");
        }
    }

    // An hour at 15 s: counters with a reset, buckets, a wandering gauge, and values that are hard to print or to compress.
    private static IEnumerable<IEnumerable<RemoteWriteClient.Series>> Steps()
    {
        double[] special = [0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 5e-324, 1.7976931348623157e308, 0.1];
        for (int step = 0; step < 240; step++)
        {
            long time = StartMs + (step * 15_000L);
            var series = new List<RemoteWriteClient.Series>();
            for (int instance = 0; instance < 5; instance++)
            {
                string host = $"host-{instance}:9100";
                foreach (string code in new[] { "200", "404", "500" })
                {
                    series.Add(One(time, ((step % 150) * (instance + 1)) + code[0], ("__name__", "test_requests_total"), ("code", code), ("instance", host)));
                }

                foreach (string bound in new[] { "0.1", "1", "+Inf" })
                {
                    series.Add(One(time, step * bound.Length, ("__name__", "test_duration_seconds_bucket"), ("instance", host), ("le", bound)));
                }

                series.Add(One(time, 20 + Math.Sin(step * 0.1 * instance), ("__name__", "test_temperature"), ("instance", host), ("room", "küche")));
            }

            series.Add(One(time, special[step % special.Length], ("__name__", "test_special"), ("instance", "one")));
            yield return series;
        }
    }

    private static RemoteWriteClient.Series One(long time, double value, params (string, string)[] labels) => new(labels, [(time, value)]);
}
