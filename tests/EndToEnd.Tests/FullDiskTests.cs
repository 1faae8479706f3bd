using System.Globalization;
using System.Net;
using Narthex.Tests;

namespace Narthex.EndToEnd.Tests;

/// <summary>What a server does when the disk is full, and when it has room again.</summary>
public sealed class FullDiskTests : IDisposable
{
    private const int SeriesCount = 20;

    private static readonly string[] s_flags =
    [
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
        "--storage.tsdb.retention.time=100y",
        "--storage.tsdb.min-block-duration=2m",
        "--storage.tsdb.max-block-duration=1h",
        "--storage.tsdb.block-reload-interval=1s",
    ];

    private readonly TemporaryDirectory _directory = new();
    private readonly string _config;
    private readonly string _data;
    private int _acknowledged;

    public FullDiskTests()
    {
        _config = _directory.Write("prometheus.yml", "global:\n  scrape_interval: 15s\n");
        _data = FileSizeLimit.SmallDisk is { } disk ? Path.Combine(disk, "data-" + Guid.NewGuid().ToString("N")) : _directory.Combine("data");
    }

    [Fact]
    public async Task Writes_are_refused_as_a_whole_reads_go_on_and_it_recovers_without_a_restart()
    {
        using (ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, _data, s_flags))
        {
            for (int round = 0; round < 3; round++)
            {
                await WriteAsync(server, 170);
                FileSizeLimit.Exhaust(server.ProcessId);
                await CheckRefusedAsync(server);
                await CheckAsync(server);
                FileSizeLimit.GiveBack(server.ProcessId);
                await CheckAsync(server);
            }

            await WriteAsync(server, 400);
            await server.WaitForAsync(
                "metrics", metrics => Metric(metrics, "prometheus_tsdb_blocks_loaded") > 0);
            await CheckAsync(server);
            server.KillHard();
        }

        using ServerProcess again = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, _data, s_flags);
        await CheckAsync(again);
        string after = await again.GetAsync("metrics");
        Assert.Equal(0, Metric(after, "prometheus_tsdb_wal_corruptions_total"));
        Assert.Equal(0, Metric(after, "prometheus_tsdb_block_loads_failed_total"));
        Assert.Equal(0, again.Terminate());
    }

    public void Dispose()
    {
        if (FileSizeLimit.SmallDisk is not null && Directory.Exists(_data))
        {
            Directory.Delete(_data, recursive: true);
        }

        _directory.Dispose();
    }

    private async Task CheckRefusedAsync(ServerProcess server)
    {
        // A full disk still takes what fits into its last block; a limit takes nothing. Either way the last ones are refused.
        HttpStatusCode status = HttpStatusCode.NoContent;
        string body = "";
        for (int i = 0; i < 2000 && status == HttpStatusCode.NoContent; i++)
        {
            (status, body) = await SendAsync(server, 1);
        }

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("write to write-ahead log", body, StringComparison.Ordinal);
        Assert.True(Metric(await server.GetAsync("metrics"), "prometheus_tsdb_wal_writes_failed_total") > 0);
        if (FileSizeLimit.SmallDisk is null)
        {
            return; // Small files, such as those of a block of so few samples, may still be written.
        }

        (status, body) = await server.PostAsync("api/v1/admin/tsdb/snapshot", null);
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("create snapshot", body, StringComparison.Ordinal);
        string snapshots = Path.Combine(_data, "snapshots");
        Assert.Empty(Directory.Exists(snapshots) ? Directory.GetFileSystemEntries(snapshots) : []);
    }

    private async Task WriteAsync(ServerProcess server, int steps)
    {
        for (int end = _acknowledged + steps; _acknowledged < end;)
        {
            (HttpStatusCode status, string body) = await SendAsync(server, Math.Min(10, end - _acknowledged));
            Assert.True(status == HttpStatusCode.NoContent, $"{status}: {body}\n{server.Log}");
        }
    }

    private async Task<(HttpStatusCode Status, string Body)> SendAsync(ServerProcess server, int steps)
    {
        (HttpStatusCode Status, string Body) answer = await RemoteWriteClient.SendAsync(
            server, CrashSequence.Steps(0, SeriesCount, _acknowledged, _acknowledged + steps));
        _acknowledged += answer.Status == HttpStatusCode.NoContent ? steps : 0;
        return answer;
    }

    private async Task CheckAsync(ServerProcess server)
    {
        var actual = new SortedDictionary<string, (double, double)>(StringComparer.Ordinal);
        foreach ((string labels, double count) in await OverTimeAsync(server, "count_over_time"))
        {
            actual.Add(labels, (count, 0));
        }

        foreach ((string labels, double sum) in await OverTimeAsync(server, "sum_over_time"))
        {
            actual[labels] = (actual[labels].Item1, sum);
        }

        var expected = new SortedDictionary<string, (double, double)>(StringComparer.Ordinal);
        foreach ((string labels, int count, double sum) in CrashSequence.Expected(0, SeriesCount, _acknowledged))
        {
            expected.Add(labels, (count, sum));
        }

        Assert.True(expected.SequenceEqual(actual), $"{_acknowledged} steps acknowledged; {actual.Sum(pair => pair.Value.Item1)} samples there.\n{server.Log}");
    }

    private static async Task<IEnumerable<(string Labels, double Value)>> OverTimeAsync(ServerProcess server, string function)
    {
        string query = Uri.EscapeDataString($"{function}({CrashSequence.MetricName}[1000000s])");
        SortedDictionary<string, double> samples =
            JsonAnswers.Samples(await server.GetAsync($"api/v1/query?query={query}&time={(CrashSequence.StartMs / 1000) + 999_000}"));
        return samples.Select(pair => (pair.Key[..pair.Key.LastIndexOf(" @", StringComparison.Ordinal)], pair.Value));
    }

    private static double Metric(string metrics, string name)
    {
        string line = metrics.Split('\n').First(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }
}
