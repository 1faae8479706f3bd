using System.Globalization;
using System.Net;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>A million series in a server, and queries over all of them: they end by their limit or with their answer, and the server goes on.</summary>
public sealed class MillionSeriesTests
{
    private const int Count = 1_000_000;
    private const int PerRequest = 20_000;
    private const long TimeMs = 1_767_225_600_000;
    private const string TooMany = "query processing would load too many samples into memory in query execution";

    [Fact]
    public async Task Queries_over_a_million_series_end_and_leave_the_server_alone()
    {
        using var directory = new TemporaryDirectory();
        using ServerProcess server = await ServerProcess.StartPrometheusAsync(
            ServerProcess.NarthexPath,
            directory.Write("prometheus.yml", "global: {}\n"),
            directory.Combine("data"),
            "--web.enable-remote-write-receiver",
            "--storage.tsdb.retention.time=100y",
            "--query.max-samples=100000");
        for (int first = 0; first < Count; first += PerRequest)
        {
            (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, Enumerable.Range(first, PerRequest).Select(Series));
            Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}");
        }

        string[] heavy = ["many", "many + 1", "sort_desc(many)", "sum by (number) (many)", "many and many", "topk(500000, many)", "label_join(many, \"copy\", \"\", \"number\")"];

        // As many at once as a dashboard asks.
        string[] answers = await Task.WhenAll(heavy.Select(query => QueryAsync(server, query)));
        Assert.All(heavy.Zip(answers), pair => AssertRefused(pair.First, pair.Second));
        AssertRefused("many over a range", await server.GetAsync($"api/v1/query_range?query=many&start={TimeMs / 1000}&end={(TimeMs / 1000) + 240}&step=60"));

        // What needs little memory finishes under the same limit; and the engine holds nothing any more of those that did not.
        Assert.Equal("1000000", await ValueAsync(server, "count(many)"));
        Assert.Equal("499999500000", await ValueAsync(server, "sum(many)"));
        Assert.Equal("123456", await ValueAsync(server, "many{number=\"0123456\"}"));
        await server.WaitForAsync("metrics", text => text.Contains("\nprometheus_engine_queries 0\n", StringComparison.Ordinal));
    }

    private static RemoteWriteClient.Series Series(int number) =>
        new([("__name__", "many"), ("number", number.ToString("D7", CultureInfo.InvariantCulture))], [(TimeMs, number)]);

    private static Task<string> QueryAsync(ServerProcess server, string query) => server.GetAsync($"api/v1/query?time={TimeMs / 1000}&query={Uri.EscapeDataString(query)}");

    private static async Task<string> ValueAsync(ServerProcess server, string query)
    {
        using JsonDocument answer = JsonDocument.Parse(await QueryAsync(server, query));
        return answer.RootElement.GetProperty("data").GetProperty("result")[0].GetProperty("value")[1].GetString()!;
    }

    private static void AssertRefused(string query, string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        Assert.True(document.RootElement.GetProperty("status").GetString() == "error", $"{query}: {answer[..Math.Min(answer.Length, 200)]}");
        Assert.Equal("execution", document.RootElement.GetProperty("errorType").GetString());
        Assert.Equal(TooMany, document.RootElement.GetProperty("error").GetString());
    }
}
