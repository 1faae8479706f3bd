using System.Net;
using Narthex.Tests;

namespace Narthex.Interop.Tests;

/// <summary>The same samples in the same disorder go to the real Prometheus and to ours: both refuse the same, answer the same, and read each other's log.</summary>
public sealed class OutOfOrderTests
{
    private const long StartMs = 1_767_225_600_000; // 2026-01-01, fixed so that a failure can be repeated.
    private const int Minutes = 180;
    private const string Config = "global:\n  scrape_interval: 15s\nstorage:\n  tsdb:\n    out_of_order_time_window: 1h\n";
    private static readonly string[] Flags = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=100y"];
    private static readonly string[] Queries = ["late", "count_over_time(late[10m])", "sum(rate(late[5m]))", "count({__name__=~\".+\"})"];

    [PeerFact]
    public async Task Both_refuse_the_same_and_answer_the_same()
    {
        using var directory = new TemporaryDirectory();
        string config = directory.Write("prometheus.yml", Config);
        using ServerProcess theirs = await ServerProcess.StartPrometheusAsync(RepositoryPaths.Peers + "/prometheus", config, directory.Combine("theirs"), Flags);
        using ServerProcess ours = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("ours"), Flags);
        List<(HttpStatusCode Status, string Body)> expected = await SendAsync(theirs);
        List<(HttpStatusCode Status, string Body)> actual = await SendAsync(ours);
        Assert.Equal(expected.Select(answer => answer.Status), actual.Select(answer => answer.Status));
        Assert.Equal(expected.Select(Reason), actual.Select(Reason));
        Assert.Contains(expected, answer => answer.Body.Contains("too old sample", StringComparison.Ordinal));
        Assert.Contains(expected, answer => answer.Body.Contains("duplicate sample", StringComparison.Ordinal));
        Compare(await AskAsync(theirs), await AskAsync(ours));

        // Each one's directory in the other's hands, after a kill.
        theirs.KillHard();
        ours.KillHard();
        Assert.NotEmpty(Directory.GetFiles(directory.Combine("ours") + "/wbl"));
        using ServerProcess oursOnTheirs = await OpenCopyAsync(directory, config, ServerProcess.NarthexPath, "theirs");
        using ServerProcess theirsOnOurs = await OpenCopyAsync(directory, config, RepositoryPaths.Peers + "/prometheus", "ours");
        string[] answers = await AskAsync(theirsOnOurs);
        Compare(answers, await AskAsync(oursOnTheirs));
        Assert.NotEmpty(JsonAnswers.Samples(answers[0]));
    }

    private static async Task<ServerProcess> OpenCopyAsync(TemporaryDirectory directory, string config, string path, string data)
    {
        string copy = directory.CopyFrom(directory.Combine(data), data + "-copy");
        File.Delete(Path.Combine(copy, "lock"));
        return await ServerProcess.StartPrometheusAsync(path, config, copy, Flags);
    }

    private static void Compare(string[] expected, string[] actual)
    {
        for (int i = 0; i < Queries.Length; i++)
        {
            JsonAnswers.AssertEqual(Queries[i], expected[i], actual[i]);
        }
    }

    // Of a duplicate upstream tells both values as well; the first words are what clients look at.
    private static string Reason((HttpStatusCode Status, string Body) answer) => answer.Body.Split([';', '\n'])[0];

    private static async Task<string[]> AskAsync(ServerProcess server)
    {
        var answers = new List<string>();
        foreach (string query in Queries)
        {
            answers.Add(await server.GetAsync(
                $"api/v1/query_range?query={Uri.EscapeDataString(query)}&start={(StartMs / 1000) - 3600}&end={(StartMs / 1000) + (Minutes * 60)}&step=60"));
        }

        return [.. answers];
    }

    private static async Task<List<(HttpStatusCode Status, string Body)>> SendAsync(ServerProcess server)
    {
        var random = new Random(5);
        var answers = new List<(HttpStatusCode, string)>();
        for (int minute = 0; minute < Minutes; minute++)
        {
            for (int series = 0; series < 4; series++)
            {
                // Every value follows from its time, so that it does not matter which of two samples is kept.
                int back = random.Next(3) == 0 ? random.Next(75) : 0;
                long time = StartMs + ((minute - back) * 60_000L);
                double value = time / 1000 % 100_000;
                answers.Add(await SendAsync(server, series, time, value));
            }

            if (minute % 40 == 39)
            {
                long newest = StartMs + (minute * 60_000L);
                await SendAsync(server, 0, newest, newest / 1000 % 100_000);
                answers.Add(await SendAsync(server, 0, newest, -1));
            }
        }

        return answers;
    }

    private static Task<(HttpStatusCode Status, string Body)> SendAsync(ServerProcess server, int series, long time, double value) =>
        RemoteWriteClient.SendAsync(server, [new RemoteWriteClient.Series([("__name__", "late"), ("i", $"{series}")], [(time, value)])]);
}
