using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>
/// A million series in a server, and queries over all of them: they end by their limit, by their timeout, by their client or with their answer, and all the
/// while the server is healthy, scrapes, and stays within its memory.
/// </summary>
public sealed class MillionSeriesTests
{
    private const int Count = 1_000_000;
    private const int Groups = 10;
    private const int PerRequest = 20_000;
    private const int SamplesEach = 2;
    private const int StepMs = 15_000;
    private const string TooMany = "query processing would load too many samples into memory in query execution";

    // Measured: 1.4 GiB, for the million series themselves, everything in one answer, and fifty million samples that a query may hold.
    private const long MemoryBytesMax = 3L << 30;

    // How long a query may take on a machine with other work is nothing that this test is about.
    private static readonly HttpClient s_patient = new() { Timeout = Timeout.InfiniteTimeSpan };

    // The last of the samples.
    private readonly long _timeMs = DateTimeOffset.UtcNow.ToUnixTimeSeconds() * 1000;

    private long Time => _timeMs / 1000;

    [Fact]
    public async Task Queries_over_a_million_series_end_and_leave_the_server_alone()
    {
        using var directory = new TemporaryDirectory();
        using var target = new StaticTarget("scraped 1\n");
        string config = directory.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, query_log_file: {{directory.Combine("query.log")}} }
            scrape_configs: [ { job_name: other, static_configs: [ { targets: [ "{{target.Address}}" ] } ] } ]
            """);
        using (ServerProcess small = await StartAsync(config, directory, "--query.max-samples=100000"))
        {
            for (int first = 0; first < Count; first += PerRequest)
            {
                (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(small, Request(first));
                Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}");
            }

            await AssertGoesOnAsync(small, () => QueriesUnderASmallLimitAsync(small));
            Assert.Equal(0, small.Terminate(timeoutSeconds: 120));
        }

        // The same data with the limits that a server has by itself.
        using ServerProcess server = await StartAsync(config, directory);
        await AssertGoesOnAsync(server, async () =>
        {
            await QueriesWithinTheLimitAsync(server);
            await QueriesBeyondTheLimitAsync(server);
            await AbandonedQueryAsync(server, directory.Combine("query.log"));
        });
    }

    private static Task<ServerProcess> StartAsync(string config, TemporaryDirectory directory, params string[] flags) =>
        ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, config, directory.Combine("data"), ["--web.enable-remote-write-receiver", .. flags]);

    private async Task QueriesUnderASmallLimitAsync(ServerProcess server)
    {
        string[] heavy = ["many", "many + 1", "sort_desc(many)", "sum by (number) (many)", "many and many", "topk(500000, many)", "label_join(many, \"copy\", \"\", \"number\")"];

        // As many at once as a dashboard asks.
        string[] answers = await Task.WhenAll(heavy.Select(query => QueryAsync(server, query)));
        Assert.All(heavy.Zip(answers), pair => AssertRefused(pair.First, pair.Second));
        AssertRefused("many over a range", await RangeAsync(server, "many", steps: 5));

        // What needs little memory finishes under the same limit.
        await AssertValuesAsync(server, "count(many)", ["1000000"]);
        await AssertValuesAsync(server, "sum(many)", ["499999500000"]);
        await AssertValuesAsync(server, "many{number=\"0123456\"}", ["123456"]);
    }

    private async Task QueriesWithinTheLimitAsync(ServerProcess server)
    {
        await AssertValuesAsync(server, "count(many)", ["1000000"]);
        await AssertValuesAsync(server, "count by (l) (rate(many[1m]))", [.. Enumerable.Repeat("100000", Groups)]);
        await AssertValuesAsync(server, "topk(3, many)", ["999999", "999998", "999997"]);
        await AssertValuesAsync(server, "count(many == on (number) group_left (l) many)", ["1000000"]);
        await AssertValuesAsync(server, "count(many and on (number) (many > -1))", ["1000000"]);
        await AssertValuesAsync(server, "count(sum by (number) (many))", ["1000000"]);
        await AssertValuesAsync(server, "many unless many", []);

        // Everything in one answer.
        string all = await QueryAsync(server, "many");
        using JsonDocument document = JsonDocument.Parse(all);
        Assert.Equal(Count, document.RootElement.GetProperty("data").GetProperty("result").GetArrayLength());
    }

    private async Task QueriesBeyondTheLimitAsync(ServerProcess server)
    {
        AssertRefused("everything over a range", await RangeAsync(server, "{__name__=~\".+\"}", steps: 61));
        AssertRefused("groups over a range", await RangeAsync(server, "sum by (number) (many)", steps: 61));
        AssertError("execution", "found duplicate series", await QueryAsync(server, "many * on (l) many"));
        AssertError("timeout", "query timed out", await AskAsync(server, $"api/v1/query?time={Time}&timeout=1ms&query={Uri.EscapeDataString("sum by (number) (many * many)")}"));
    }

    // It needs little memory and computes eleven thousand million values, unless it is given up: the log tells that it was.
    private async Task AbandonedQueryAsync(ServerProcess server, string log)
    {
        const string Query = "sum(abs(many))";
        using var left = new CancellationTokenSource();
        Task<HttpResponseMessage> request = s_patient.GetAsync(new Uri(server.BaseAddress, RangePath(Query, steps: 11_000)), left.Token);
        await server.WaitForAsync("metrics", text => text.Contains("\nprometheus_engine_queries 1\n", StringComparison.Ordinal));
        await left.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await server.WaitForAsync("metrics", text => text.Contains("\nprometheus_engine_queries 0\n", StringComparison.Ordinal));
        string line = Assert.Single(File.ReadLines(log), line => line.Contains($"\"{Query}\"", StringComparison.Ordinal));
        Assert.Contains("query was canceled", line, StringComparison.Ordinal);
    }

    // Health is asked for without a pause. Afterwards nothing is left of the queries, and a scrape comes in that is newer than they are.
    private static async Task AssertGoesOnAsync(ServerProcess server, Func<Task> queries)
    {
        Task work = queries();
        do
        {
            Assert.Equal("Prometheus Server is Healthy.\n", await server.GetAsync("-/healthy"));
        }
        while (await Task.WhenAny(work, Task.Delay(20)) != work);

        await work;
        await server.WaitForAsync("metrics", text => text.Contains("\nprometheus_engine_queries 0\n", StringComparison.Ordinal));
        long ended = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await server.WaitForAsync("api/v1/query?query=timestamp(scraped)", text => text.Contains("\"value\"", StringComparison.Ordinal) && Value(text) * 1000 > ended);
        long peak = PeakBytes(server.ProcessId);
        Assert.True(peak < MemoryBytesMax, $"The server had {peak >> 20} MiB.");
    }

    // All series have the same form, so one of them is encoded, and its numbers are written over.
    private byte[] Request(int first)
    {
        var form = new RemoteWriteClient.Series(
            [("__name__", "many"), ("l", "0"), ("number", "0000000")], [.. Enumerable.Range(1 - SamplesEach, SamplesEach).Select(step => (_timeMs + (step * StepMs), 1.0))]);
        byte[] one = RemoteWriteClient.Encode([form]);
        byte[] all = new byte[one.Length * PerRequest];
        int group = one.AsSpan().IndexOf("l\u0012\u0001"u8) + 3;
        int digits = one.AsSpan().IndexOf("0000000"u8);
        Span<byte> value = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(value, 1.0);
        int[] values = new int[SamplesEach];
        for (int i = 0, from = digits; i < values.Length; i++, from = values[i - 1] + sizeof(double))
        {
            values[i] = from + one.AsSpan(from).IndexOf(value);
        }

        for (int i = 0; i < PerRequest; i++)
        {
            Span<byte> series = all.AsSpan(i * one.Length, one.Length);
            one.CopyTo(series);
            int number = first + i;
            series[group] = (byte)('0' + (number % Groups));
            number.TryFormat(series.Slice(digits, 7), out _, "D7", CultureInfo.InvariantCulture);
            foreach (int at in values)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(series[at..], number);
            }
        }

        return all;
    }

    private Task<string> QueryAsync(ServerProcess server, string query) => AskAsync(server, $"api/v1/query?time={Time}&query={Uri.EscapeDataString(query)}");

    private Task<string> RangeAsync(ServerProcess server, string query, int steps) => AskAsync(server, RangePath(query, steps));

    private static async Task<string> AskAsync(ServerProcess server, string path)
    {
        using HttpResponseMessage response = await s_patient.GetAsync(new Uri(server.BaseAddress, path));
        return await response.Content.ReadAsStringAsync();
    }

    private string RangePath(string query, int steps) => $"api/v1/query_range?query={Uri.EscapeDataString(query)}&start={Time}&end={Time + ((steps - 1) / 100.0):R}&step=0.01";

    private async Task AssertValuesAsync(ServerProcess server, string query, params string[] expected) => Assert.Equal(expected, await ValuesAsync(server, query));

    private async Task<string[]> ValuesAsync(ServerProcess server, string query)
    {
        using JsonDocument answer = JsonDocument.Parse(await QueryAsync(server, query));
        return [.. answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().Select(series => series.GetProperty("value")[1].GetString()!)];
    }

    private static double Value(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        return double.Parse(document.RootElement.GetProperty("data").GetProperty("result")[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    private static void AssertRefused(string query, string answer) => Assert.True(answer.Contains($"\"errorType\":\"execution\",\"error\":\"{TooMany}\"", StringComparison.Ordinal), $"{query}: {answer[..Math.Min(answer.Length, 200)]}");

    private static void AssertError(string type, string error, string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        Assert.Equal(type, document.RootElement.GetProperty("errorType").GetString());
        Assert.Contains(error, document.RootElement.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    private static long PeakBytes(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/status").Single(one => one.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
