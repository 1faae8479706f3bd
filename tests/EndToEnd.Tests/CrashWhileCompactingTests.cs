using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Narthex.Tests;
using Xunit.Abstractions;

namespace Narthex.EndToEnd.Tests;

/// <summary>
/// A server whose blocks span seconds, so that it writes, compacts and deletes blocks, truncates its head and checkpoints its log all the time, is
/// killed at random instants of running, starting and stopping.
/// </summary>
/// <remarks><c>NARTHEX_CRASH_KILLS</c> sets how often (25 if it is not set), <c>NARTHEX_CRASH_SEED</c> repeats a run.</remarks>
public sealed class CrashWhileCompactingTests : IDisposable
{
    private const int Parts = 2;
    private const int SeriesPerPart = 30;

    // More would only make the checks slower.
    private const int StepsPerRoundMax = 300;

    private static readonly string[] s_flags =
    [
        "--web.enable-remote-write-receiver",
        "--web.enable-admin-api",
        "--storage.tsdb.retention.time=100y",
        "--storage.tsdb.min-block-duration=2m",
        "--storage.tsdb.max-block-duration=1h",
        "--storage.tsdb.block-reload-interval=1s",
        "--storage.tsdb.memory-snapshot-log-size=1KB",
        "--enable-feature=native-histograms",
    ];

    private readonly TemporaryDirectory _directory = new();
    private readonly ITestOutputHelper _output;
    private readonly int[] _acknowledged = new int[Parts];
    private readonly int[] _sent = new int[Parts];

    // What came out of order is logged behind the rest of its request, and may be missing of one that was not acknowledged: it is sent again.
    private readonly int[] _lateAcknowledged = new int[Parts];
    private readonly int[] _lateSent = new int[Parts];
    private readonly string _config;
    private readonly string _data;
    private readonly HashSet<int> _deleted = [];
    private int? _deleting;
    private string _where = "";

    public CrashWhileCompactingTests(ITestOutputHelper output)
    {
        _output = output;
        _config = _directory.Write("prometheus.yml", "global:\n  scrape_interval: 15s\nstorage:\n  tsdb:\n    out_of_order_time_window: 1h\n    stale_series_compaction_threshold: 0.9\n");
        _data = _directory.Combine("data");
    }

    [Fact]
    public async Task No_acknowledged_sample_is_lost_and_none_is_invented()
    {
        int seed = Setting("NARTHEX_CRASH_SEED", 20261121);
        int kills = Setting("NARTHEX_CRASH_KILLS", 25);
        var random = new Random(seed);
        var ways = new Dictionary<string, int>();
        for (int kill = 0; kill < kills;)
        {
            _where = $"seed {seed}, after {kill} kills";
            bool readsAll = random.Next(3) == 0;
            if (readsAll)
            {
                DeleteSnapshots();
            }

            if (random.Next(4) == 0)
            {
                await KillWhileStartingAsync(random.Next(20, 500));
                Count(ways, "starting");
                kill++;
            }

            using ServerProcess server = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, _data, s_flags);
            await CheckAsync(server);
            Count(ways, readsAll ? "starts from the log" : server.Log.Contains("chunk snapshot loaded", StringComparison.Ordinal) ? "starts from a snapshot" : "starts without a snapshot");
            bool stopping = random.Next(6) == 0;
            int delayMs = random.Next(20, 700);
            int stopDelayMs = random.Next(0, 120);
            Task killer = Task.Run(async () =>
            {
                await Task.Delay(delayMs);
                if (stopping)
                {
                    server.SendTerminate();
                    await Task.Delay(stopDelayMs);
                }

                server.KillHard();
            });
            await Task.WhenAll(WriteUntilKilledAsync(server, new Random(random.Next())), AdministerAsync(server, new Random(random.Next())));
            await killer;
            Count(ways, stopping ? "stopping" : "running");
            kill++;
        }

        using ServerProcess last = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, _data, s_flags);
        await CheckAsync(last);
        await CheckEverySampleAsync(last);
        Assert.Equal(0, last.Terminate());
        using ServerProcess again = await ServerProcess.StartPrometheusAsync(ServerProcess.NarthexPath, _config, _data, s_flags);
        await CheckAsync(again);

        _output.WriteLine($"{kills} kills ({string.Join(", ", ways.Select(way => $"{way.Value} {way.Key}"))}), {_acknowledged.Min()} steps, {_deleted.Count} deletions, {Directory.GetDirectories(_data, "01*").Length} blocks");
        Assert.True(ways.GetValueOrDefault("starts from a snapshot") > kills / 5, "Snapshots must have been written and read.");
        Assert.True(_acknowledged.Min() > kills, $"The server must have taken some steps between kills; it took {_acknowledged.Min()}.");
        Assert.True(Directory.GetDirectories(_data, "01*").Length > 1, "Blocks must have been written.");
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(_data, "wal"), "checkpoint.*"));
    }

    public void Dispose() => _directory.Dispose();

    private static int Setting(string name, int normal) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : normal;

    private static void Count(Dictionary<string, int> ways, string way) => ways[way] = ways.GetValueOrDefault(way) + 1;

    // The log has everything, whether there is a snapshot or not.
    private void DeleteSnapshots()
    {
        if (Directory.Exists(_data))
        {
            foreach (string snapshot in Directory.GetDirectories(_data, "chunk_snapshot.*"))
            {
                Directory.Delete(snapshot, recursive: true);
            }
        }
    }

    private async Task KillWhileStartingAsync(int afterMs)
    {
        int port = ServerProcess.FreePort();
        using ServerProcess server = ServerProcess.Start(
            ServerProcess.NarthexPath,
            port,
            [$"--config.file={_config}", $"--storage.tsdb.path={_data}", $"--web.listen-address=127.0.0.1:{port}", .. s_flags]);
        await Task.Delay(afterMs);
        Assert.False(server.HasExited, $"{_where}: the server ended by itself:\n{server.Log}");
        server.KillHard();
    }

    private async Task WriteUntilKilledAsync(ServerProcess server, Random random)
    {
        int last = _acknowledged.Min() + StepsPerRoundMax;
        while (_acknowledged.Min() < last)
        {
            // A part whose last steps were stored but not acknowledged is ahead, and waits for the others.
            int end = _acknowledged.Min() + random.Next(1, 5);
            bool[] alive = await Task.WhenAll(Enumerable.Range(0, Parts)
                .Where(part => _acknowledged[part] < end)
                .Select(part => SendAsync(server, part, end)));
            if (alive.Contains(false))
            {
                return;
            }
        }
    }

    // Deletes a generation that gets no more samples, rewrites blocks without what is deleted, or takes a snapshot.
    private async Task AdministerAsync(ServerProcess server, Random random)
    {
        try
        {
            int generation = _deleting ?? random.Next(Math.Max(1, (_acknowledged.Min() / CrashSequence.GenerationSteps) - 1));
            bool complete = (generation + 2) * CrashSequence.GenerationSteps < _acknowledged.Min();
            int action = _deleting is null ? random.Next(4) : 0;
            await Task.Delay(random.Next(200));
            if (action == 0 && complete)
            {
                _deleting = generation;
                string match = Uri.EscapeDataString($"{{__name__=~\"crash_.*\",generation=\"{generation}\"}}");
                await PostAsync(server, $"api/v1/admin/tsdb/delete_series?match[]={match}", HttpStatusCode.NoContent);
                _deleting = null;
                _deleted.Add(generation);
            }
            else if (action == 1)
            {
                await PostAsync(server, "api/v1/admin/tsdb/clean_tombstones", HttpStatusCode.NoContent);
            }
            else if (action == 2)
            {
                await PostAsync(server, "api/v1/admin/tsdb/snapshot", HttpStatusCode.OK);
                Directory.Delete(Path.Combine(_data, "snapshots"), recursive: true);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException)
        {
            // Killed.
        }
    }

    private async Task PostAsync(ServerProcess server, string path, HttpStatusCode expected)
    {
        (HttpStatusCode status, string body) = await server.PostAsync(path, null);
        if (status == HttpStatusCode.ServiceUnavailable)
        {
            throw new HttpRequestException("It is stopping.");
        }

        Assert.True(status == expected, $"{_where}, {path}: {status}: {body}\n{server.Log}");
    }

    private async Task<bool> SendAsync(ServerProcess server, int part, int end)
    {
        _sent[part] = end;
        _lateSent[part] = end;
        try
        {
            (HttpStatusCode status, string body) = await RemoteWriteClient.SendAsync(server, [
                .. CrashSequence.Steps(part, SeriesPerPart, _acknowledged[part], end),
                .. CrashExtras.Histograms(part, _acknowledged[part], end),
                .. CrashExtras.Late(part, _lateAcknowledged[part], end),
            ]);
            if (status == HttpStatusCode.ServiceUnavailable || body.Contains("not ready", StringComparison.Ordinal))
            {
                return false; // It is stopping.
            }

            Assert.True(status is HttpStatusCode.NoContent, $"{_where}, step {end}: {status}: {body}\n{server.Log}");
            _acknowledged[part] = end;
            _lateAcknowledged[part] = end;
            return true;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or SocketException)
        {
            return false;
        }
    }

    private async Task CheckAsync(ServerProcess server)
    {
        SortedDictionary<string, double> counts = await AskAsync(server, CrashSequence.MetricName, "count_over_time({0})");
        SortedDictionary<string, double> sums = await AskAsync(server, CrashSequence.MetricName, "sum_over_time({0})");
        var expected = new SortedDictionary<string, (int Count, double Sum)>(StringComparer.Ordinal);
        for (int part = 0; part < Parts; part++)
        {
            int steps = CountSteps(counts, part);

            // The request in flight at the kill may be there whole, or not at all; nothing beyond it can be.
            int acknowledged = _acknowledged[part];
            Assert.True(
                steps == acknowledged || steps == _sent[part],
                $"{_where}: part {part} has {steps} steps, {acknowledged} were acknowledged, {_sent[part]} sent.\n{server.Log}");
            _acknowledged[part] = _sent[part] = steps;
            foreach ((string labels, int count, double sum) in CrashSequence.Expected(part, SeriesPerPart, steps))
            {
                if (!IsDeleted(labels))
                {
                    expected.Add(labels, (count, sum));
                }
            }
        }

        var actual = new SortedDictionary<string, (int Count, double Sum)>(StringComparer.Ordinal);
        foreach ((string labels, double count) in counts)
        {
            if (!IsBeingDeleted(labels))
            {
                actual.Add(labels, ((int)count, sums[labels]));
            }
        }

        Assert.True(expected.SequenceEqual(actual), $"{_where}: {Differences(expected, actual)}\n{server.Log}");
        await CheckHistogramsAsync(server);
        await CheckLateAsync(server);
        await CheckMetricsAsync(server);
    }

    // They are in the same part of the log as the floats: there are as many.
    private async Task CheckHistogramsAsync(ServerProcess server)
    {
        SortedDictionary<string, double> counts = await AskAsync(server, CrashExtras.HistogramName, "count_over_time({0})");
        SortedDictionary<string, double> sums = await AskAsync(server, CrashExtras.HistogramName, "histogram_sum(sum_over_time({0}))");
        foreach ((string labels, int part, int series, int generation) in Extras())
        {
            (int count, double sum) = CrashExtras.ExpectedHistograms(series, generation, _acknowledged[part]);
            Assert.True(
                counts.GetValueOrDefault(labels) == count && sums.GetValueOrDefault(labels) == sum,
                $"{_where}: histograms {labels}: expected {count} and {sum}, got {counts.GetValueOrDefault(labels)} and {sums.GetValueOrDefault(labels)}\n{server.Log}");
        }
    }

    private async Task CheckLateAsync(ServerProcess server)
    {
        SortedDictionary<string, double> counts = await AskAsync(server, CrashExtras.LateName, "count_over_time({0})");
        SortedDictionary<string, double> sums = await AskAsync(server, CrashExtras.LateName, "sum_over_time({0})");
        foreach ((string labels, int part, int series, int generation) in Extras())
        {
            (int least, double sum) = CrashExtras.ExpectedLate(part, series, generation, _lateAcknowledged[part]);
            (int most, double sumOfAll) = CrashExtras.ExpectedLate(part, series, generation, _lateSent[part]);
            double count = counts.GetValueOrDefault(labels);
            double actual = sums.GetValueOrDefault(labels);
            Assert.True(
                count >= least && count <= most && (count != least || actual == sum) && (count != most || actual == sumOfAll),
                $"{_where}: late {labels}: expected {least} to {most} and {sum} to {sumOfAll}, got {count} and {actual}\n{server.Log}");
        }
    }

    private IEnumerable<(string Labels, int Part, int Series, int Generation)> Extras()
    {
        for (int part = 0; part < Parts; part++)
        {
            for (int generation = 0; generation * CrashSequence.GenerationSteps < _sent[part]; generation++)
            {
                for (int series = 0; series < CrashExtras.SeriesPerPart; series++)
                {
                    string labels = string.Create(CultureInfo.InvariantCulture, $"generation={generation},part={part},series={series}");
                    if (!IsDeleted(labels))
                    {
                        yield return (labels, part, series, generation);
                    }
                }
            }
        }
    }

    private static int GenerationOf(string labels) =>
        int.Parse(labels.Split("generation=")[1].Split(',')[0], CultureInfo.InvariantCulture);

    private bool IsDeleted(string labels) => _deleted.Contains(GenerationOf(labels)) || IsBeingDeleted(labels);

    // A deletion that was not acknowledged may have happened in part; it is asked for again.
    private bool IsBeingDeleted(string labels) => GenerationOf(labels) == _deleting;

    // Deleted generations were complete. The newest one tells how far it went; whether that is true of all series is checked afterwards.
    private static int CountSteps(SortedDictionary<string, double> counts, int part)
    {
        int steps = 0;
        foreach ((string labels, double count) in counts)
        {
            if (labels.Contains($"part={part},", StringComparison.Ordinal))
            {
                steps = Math.Max(steps, (GenerationOf(labels) * CrashSequence.GenerationSteps) + (int)count);
            }
        }

        return steps;
    }

    private static string Differences(SortedDictionary<string, (int Count, double Sum)> expected, SortedDictionary<string, (int Count, double Sum)> actual) =>
        string.Join("; ", expected.Keys.Union(actual.Keys)
            .Where(key => !expected.TryGetValue(key, out (int, double) left) || !actual.TryGetValue(key, out (int, double) right) || left != right)
            .Take(5)
            .Select(key => $"{key}: expected {expected.GetValueOrDefault(key)}, got {actual.GetValueOrDefault(key)}"));

    // A kill is not damage: nothing may have been repaired away, left out or have failed.
    private async Task CheckMetricsAsync(ServerProcess server)
    {
        string metrics = await server.GetAsync("metrics");
        foreach (string name in (string[])
            [
                "prometheus_tsdb_wal_corruptions_total",
                "prometheus_tsdb_block_loads_failed_total",
                "prometheus_tsdb_compactions_failed_total",
                "prometheus_tsdb_checkpoint_creations_failed_total",
                "prometheus_tsdb_wal_replay_unknown_refs_total{type=\"samples\"}",
                "prometheus_tsdb_wbl_replay_unknown_refs_total{type=\"samples\"}",
                "prometheus_tsdb_mmap_chunk_corruptions_total",
                "prometheus_tsdb_snapshot_replay_error_total",
            ])
        {
            Assert.True(metrics.Contains($"\n{name} 0\n", StringComparison.Ordinal), $"{_where}: {name} is not 0.\n{server.Log}");
        }
    }

    private static async Task<SortedDictionary<string, double>> AskAsync(ServerProcess server, string metric, string format)
    {
        string query = Uri.EscapeDataString(format.Replace("{0}", metric + "[1000000s]", StringComparison.Ordinal));
        var found = new SortedDictionary<string, double>(StringComparer.Ordinal);
        foreach ((string key, double value) in JsonAnswers.Samples(await server.GetAsync($"api/v1/query?query={query}&time={(CrashSequence.StartMs / 1000) + 999_000}")))
        {
            found.Add(key[..key.LastIndexOf(" @", StringComparison.Ordinal)], value);
        }

        return found;
    }

    private async Task CheckEverySampleAsync(ServerProcess server)
    {
        int generations = (_acknowledged.Max() / CrashSequence.GenerationSteps) + 1;
        for (int generation = 0; generation < generations; generation++)
        {
            string query = Uri.EscapeDataString($"{CrashSequence.MetricName}{{generation=\"{generation}\"}}[1000000s]");
            SortedDictionary<string, double> actual = JsonAnswers.Samples(
                await server.GetAsync($"api/v1/query?query={query}&time={(CrashSequence.StartMs / 1000) + 999_000}"));
            var expected = new SortedDictionary<string, double>(StringComparer.Ordinal);
            for (int part = 0; part < Parts && !_deleted.Contains(generation) && generation != _deleting; part++)
            {
                int first = generation * CrashSequence.GenerationSteps;
                for (int step = first; step < Math.Min(first + CrashSequence.GenerationSteps, _acknowledged[part]); step++)
                {
                    for (int series = 0; series < SeriesPerPart; series++)
                    {
                        string labels = $"__name__={CrashSequence.MetricName},generation={generation},part={part},series={series}";
                        expected.Add($"{labels} @{CrashSequence.TimeMs(step) / 1000}", CrashSequence.Value(part, series, step));
                    }
                }
            }

            Assert.True(generation == _deleting || expected.SequenceEqual(actual), $"{_where}: generation {generation} has {actual.Count} samples, expected {expected.Count}, or others.");
        }
    }
}
