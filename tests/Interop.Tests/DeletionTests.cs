using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>The same is deleted in both servers, and the same is left: at once, after compactions, cleaning, restarts, and in each other's hands.</summary>
public sealed class DeletionTests
{
    private const long StartMs = 1_767_225_600_000; // 2026-01-01, fixed so that a failure can be repeated.
    private const int Minutes = 300;

    private static readonly string[] s_flags =
        ["--web.enable-remote-write-receiver", "--web.enable-admin-api", "--storage.tsdb.retention.time=100y", "--storage.tsdb.min-block-duration=30m", "--storage.tsdb.max-block-duration=90m"];

    private static readonly string[] s_queries = ["test_requests_total", "count_over_time(test_requests_total[10m])", "test_temperature", "count({__name__=~\".+\"})"];

    [PeerFact]
    public async Task Both_servers_have_the_same_left()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", "global:\n  scrape_interval: 15s\n");
        ServerProcess ours = await StartAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
        ServerProcess real = await StartAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
        try
        {
            await FillAsync(ours);
            await FillAsync(real);
            await CompareAsync(real, ours, "filled");
            int filled = JsonAnswers.Samples((await AskAsync(ours))[0]).Count;

            // The oldest ranges must be blocks in both, so that blocks and heads are deleted from.
            await ours.WaitForAsync("metrics", HasBlocks);
            await real.WaitForAsync("metrics", HasBlocks, 120);
            foreach ((string parameters, string context) in Deletions())
            {
                foreach (ServerProcess server in (ServerProcess[])[ours, real])
                {
                    Assert.Equal((HttpStatusCode.NoContent, ""), await server.PostAsync("api/v1/admin/tsdb/delete_series?" + parameters, null));
                }

                await CompareAsync(real, ours, context);
            }

            string[] snapshots = [await SnapshotAsync(ours), await SnapshotAsync(real)];
            string[] left = await AskAsync(real);
            Assert.InRange(JsonAnswers.Samples(left[0]).Count, 1, filled * 3 / 4);

            // Restarted with the log and the tombstones of blocks as they are.
            ours.KillHard();
            real.KillHard();
            ours.Dispose();
            real.Dispose();
            ours = await StartAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"));
            real = await StartAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("real"));
            await CompareAsync(real, ours, "killed");
            foreach (ServerProcess server in (ServerProcess[])[ours, real])
            {
                Assert.Equal((HttpStatusCode.NoContent, ""), await server.PostAsync("api/v1/admin/tsdb/clean_tombstones", null));
            }

            await CompareAsync(real, ours, "cleaned");
            AssertEqual(left, await AskAsync(ours), "cleaned, compared with before");
            Assert.Equal(0, ours.Terminate());
            real.Terminate();

            // Directories change hands.
            string ourCopy = directory.CopyFrom(directory.Combine("ours"), "ours-for-real");
            string realCopy = directory.CopyFrom(directory.Combine("real"), "real-for-ours");
            ours.Dispose();
            real.Dispose();
            ours = await StartAsync(ServerProcess.NarthexPath, config, realCopy);
            real = await StartAsync(RepositoryPaths.Peers + "/prometheus", config, ourCopy);
            AssertEqual(left, await AskAsync(ours), "our server on the real one's directory");
            AssertEqual(left, await AskAsync(real), "the real server on our directory");
            ours.Terminate();
            real.Terminate();

            // Snapshots too.
            ours.Dispose();
            real.Dispose();
            ours = await StartAsync(ServerProcess.NarthexPath, config, Path.Combine(directory.Combine("real"), "snapshots", snapshots[1]));
            real = await StartAsync(RepositoryPaths.Peers + "/prometheus", config, Path.Combine(directory.Combine("ours"), "snapshots", snapshots[0]));
            AssertEqual(left, await AskAsync(ours), "our server on the real one's snapshot");
            AssertEqual(left, await AskAsync(real), "the real server on our snapshot");
        }
        finally
        {
            ours.Dispose();
            real.Dispose();
        }
    }

    private static Task<ServerProcess> StartAsync(string path, string config, string data) => ServerProcess.StartPrometheusAsync(path, config, data, s_flags);

    private static bool HasBlocks(string metrics) =>
        Regex.Match(metrics, @"^prometheus_tsdb_blocks_loaded ([0-9]+)$", RegexOptions.Multiline) is { Success: true } match
        && int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) >= 2;

    private static async Task<string> SnapshotAsync(ServerProcess server)
    {
        (HttpStatusCode status, string body) = await server.PostAsync("api/v1/admin/tsdb/snapshot", null);
        Assert.Equal(HttpStatusCode.OK, status);
        Match name = Regex.Match(body, """^\{"status":"success","data":\{"name":"([0-9]{8}T[0-9]{6}Z-[0-9a-f]{16})"\}\}$""");
        Assert.True(name.Success, body);
        return name.Groups[1].Value;
    }

    private static IEnumerable<(string Parameters, string Context)> Deletions()
    {
        static string Match(string selector) => "match[]=" + Uri.EscapeDataString(selector);
        static string Range(int fromMinute, int toMinute) => $"&start={(StartMs / 1000) + (fromMinute * 60)}&end={(StartMs / 1000) + (toMinute * 60)}.5";
        yield return (Match("test_requests_total{code=\"404\"}") + Range(10, 20), "a range within the first block");
        yield return (Match("test_requests_total{instance=~\"host-[01].*\"}") + Range(25, 65), "a range over blocks");
        yield return (Match("test_requests_total{code=\"500\"}"), "a series altogether");
        yield return (Match("test_temperature") + Range(Minutes - 40, Minutes - 20), "a range of the head");
        yield return (Match("test_temperature{instance=\"host-2:9100\"}") + Range(0, Minutes * 2), "a range that goes on behind the head");
        yield return (Match("{__name__=~\".+\"}") + Range(100, 102) + "&" + Match("test_nothing"), "everything for two minutes");
        yield return (Match("test_requests_total{code!=\"200\"}") + Range(-100, -10), "a range before all");
    }

    private static async Task CompareAsync(ServerProcess real, ServerProcess ours, string context) =>
        AssertEqual(await AskAsync(real), await AskAsync(ours), context);

    private static void AssertEqual(string[] expected, string[] actual, string context)
    {
        for (int i = 0; i < s_queries.Length; i++)
        {
            JsonAnswers.AssertEqual($"{context}: {s_queries[i]}", expected[i], actual[i]);
        }
    }

    private static async Task<string[]> AskAsync(ServerProcess server)
    {
        var answers = new List<string>();
        foreach (string query in s_queries)
        {
            answers.Add(await server.GetAsync(
                $"api/v1/query_range?query={Uri.EscapeDataString(query)}&start={StartMs / 1000}&end={(StartMs / 1000) + (Minutes * 60)}&step=60"));
        }

        return [.. answers];
    }

    private static async Task FillAsync(ServerProcess server)
    {
        for (int minute = 0; minute < Minutes; minute++)
        {
            var series = new List<RemoteWriteClient.Series>();
            long time = StartMs + (minute * 60_000L);
            for (int instance = 0; instance < 4; instance++)
            {
                string host = $"host-{instance}:9100";
                foreach (string code in (string[])["200", "404", "500"])
                {
                    series.Add(new([("__name__", "test_requests_total"), ("code", code), ("instance", host)], [(time, (minute * instance) + code[0])]));
                }

                series.Add(new([("__name__", "test_temperature"), ("instance", host)], [(time, Math.Sin(minute * instance))]));
            }

            (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, series);
            Assert.True(status is HttpStatusCode.NoContent or HttpStatusCode.OK, $"{status}: {body}");
        }
    }
}
