using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Our directory under upstream's eyes, and upstream's under ours.</summary>
public sealed class PeerDirectoryTests
{
    private const long StartMs = 1_700_000_000_000;

    [PeerFact]
    public async Task Promtool_dumps_what_we_committed()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        var expected = new List<string>();
        for (int run = 0; run < 2; run++)
        {
            await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data);
            using IAppender appender = database.OpenAppender();
            var random = new Random(run);
            for (int scrape = 0; scrape < 150; scrape++)
            {
                long timestamp = StartMs + (((run * 150) + scrape) * 15_000);
                for (int i = 0; i < 40; i++)
                {
                    Labels labels = Labels.FromStrings("__name__", "dumped", "i", $"{(run * 20) + i}", "text", "a\"ä\n");
                    double value = random.Next(4) == 0 ? random.NextDouble() : random.Next(100);
                    appender.Append(appender.GetOrAddSeries(labels), timestamp, value);
                    expected.Add(labels + " " + FloatFormat.FormatGeneral(value) + " " + timestamp.ToString(CultureInfo.InvariantCulture));
                }

                Assert.Equal(40, appender.Commit().Appended);
            }
        }

        string dump = PeerDirectory.Promtool("tsdb", "dump", data);

        Assert.Equal(expected.Order(StringComparer.Ordinal), dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        await using TsdbDatabase after = await TsdbDatabaseTests.OpenAsync(data);
        Assert.Equal(expected.Count, HeadReading.ReadAll(after).Sum(pair => pair.Value.Count));
    }

    [PeerFact]
    public async Task We_open_the_directory_of_a_killed_Prometheus_and_write_on_in_it()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        await LetPrometheusScrapeItself(directory, data);
        string[] written = PromtoolDump(data);
        Labels added = Labels.FromStrings("__name__", "added");
        string[] more;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data))
        {
            Assert.Equal(written.Order(StringComparer.Ordinal), Dump(database).Order(StringComparer.Ordinal));
            long now = database.MaxTimeMs + 1;
            using IAppender appender = database.OpenAppender();
            appender.Append(appender.GetOrAddSeries(added), now, 1);
            using IQuerier view = database.OpenQuerier(TimeRange.All);
            using ISeriesSelection selection = view.Select(default, [new LabelMatcher(Model.MatchType.Equal, "__name__", "up")], CancellationToken.None);
            Labels up = selection.GetLabels(0);
            appender.Append(appender.GetOrAddSeries(up), now, 0);
            Assert.Equal(2, appender.Commit().Appended);
            more = [$"{added} 1 {now}", $"{up} 0 {now}"];
        }

        string[] after = PromtoolDump(data);
        Assert.Equal(written.Concat(more).Order(StringComparer.Ordinal), after.Order(StringComparer.Ordinal));
    }

    /// <summary>The dump with numbers in one notation: promtool's exponents begin elsewhere than ours.</summary>
    private static string[] PromtoolDump(string data)
    {
        string[] lines = PeerDirectory.Promtool("tsdb", "dump", data).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Select(line =>
        {
            int timestamp = line.LastIndexOf(' ');
            int value = line.LastIndexOf(' ', timestamp - 1);
            string text = line[(value + 1)..timestamp];
            double number = text switch
            {
                "+Inf" => double.PositiveInfinity,
                "-Inf" => double.NegativeInfinity,
                _ => double.Parse(text, CultureInfo.InvariantCulture),
            };
            return line[..(value + 1)] + FloatFormat.FormatGeneral(number) + line[timestamp..];
        })];
    }

    private static IEnumerable<string> Dump(TsdbDatabase database) =>
        HeadReading.ReadAll(database).SelectMany(pair => pair.Value.Select(sample =>
            string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {FloatFormat.FormatGeneral(BitConverter.UInt64BitsToDouble(sample.Bits))} {sample.Ms}")));

    internal static async Task LetPrometheusScrapeItself(PeerDirectory directory, string data, params string[] flags)
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        await File.WriteAllTextAsync(directory.Combine("prometheus.yml"), string.Create(CultureInfo.InvariantCulture, $"""
            global: {"{"} scrape_interval: 100ms, scrape_timeout: 100ms {"}"}
            scrape_configs: [{"{"} job_name: self, static_configs: [{"{"} targets: ['127.0.0.1:{port}'] {"}"}] {"}"}]

            """));
        using Process prometheus = PeerDirectory.Start(
            "prometheus", ["--config.file=" + directory.Combine("prometheus.yml"), "--storage.tsdb.path=" + data, $"--web.listen-address=127.0.0.1:{port}", .. flags]);
        try
        {
            _ = prometheus.StandardOutput.ReadToEndAsync();
            while (await prometheus.StandardError.ReadLineAsync() is { } line && !line.Contains("ready to receive", StringComparison.Ordinal))
            {
            }

            _ = prometheus.StandardError.ReadToEndAsync(); // Or the pipe fills up.
            using var client = new HttpClient();
            string answer;
            do
            {
                answer = await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/api/v1/query?query=sum_over_time(up[1m])>=8"));
            }
            while (answer.Contains("\"result\":[]", StringComparison.Ordinal));
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync();
        }
    }
}
