using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Snapshots that are written while commits go on: a start after a kill reads them and the log behind them.</summary>
public sealed class RunningSnapshotTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private static readonly TsdbOptions s_options = new()
    {
        SnapshotOnClose = true,
        MaxExemplars = 100,
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
    };

    private readonly string _root = Directory.CreateTempSubdirectory("narthex-running-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task What_is_committed_meanwhile_is_neither_lost_nor_doubled()
    {
        string data = Path.Combine(_root, "data");
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options);
        int committed = 0;
        const int Rounds = 12;
        using var allowed = new SemaphoreSlim(0);
        Task writing = Task.Run(() =>
        {
            for (int round = 0; round < Rounds * 500; round++)
            {
                allowed.Wait();
                Commit(database, committed);
                Interlocked.Increment(ref committed);
            }
        });

        for (int round = 0; round < Rounds; round++)
        {
            int before = Volatile.Read(ref committed);
            allowed.Release(500);
            SpinWait.SpinUntil(() => Volatile.Read(ref committed) > before + 20);
            database.WriteSnapshot();
            string copy = Path.Combine(_root, $"copy{round}");
            int atLeast = Volatile.Read(ref committed);

            // In the order in which things come into being, so that each copy is what a kill at its end could have left.
            Copy(data, copy, "chunk_snapshot");
            Copy(data, copy, "chunks_head");
            Copy(data, copy, "wal");
            string withoutSnapshot = copy + "-log";
            HeadChunkWritingTests.CopyDirectory(copy, withoutSnapshot);
            Directory.Delete(Snapshots(withoutSnapshot).Single(), recursive: true);

            await using TsdbDatabase fromSnapshot = await TsdbDatabaseTests.OpenAsync(copy, s_options);
            await using TsdbDatabase fromLog = await TsdbDatabaseTests.OpenAsync(withoutSnapshot, s_options);
            SortedDictionary<string, List<(long Ms, ulong Bits)>> samples = HeadReading.ReadAll(fromLog);
            HeadReading.AssertSame(samples, HeadReading.ReadAll(fromSnapshot), $"round {round}");
            Assert.Single(Snapshots(copy));
            int there = samples[SeriesOf(0).ToString()].Count;
            Assert.True(there >= atLeast, $"round {round}: {there} of {atLeast}");
            Assert.Equal(Enumerable.Range(0, there).Select(commit => StartMs + commit), samples[SeriesOf(0).ToString()].Select(sample => sample.Ms));

            // Both take what comes next.
            Commit(fromSnapshot, there);
            Commit(fromLog, there);
            HeadReading.AssertSame(HeadReading.ReadAll(fromLog), HeadReading.ReadAll(fromSnapshot), $"round {round}, one more");
        }

        await writing;
    }

    [Fact]
    public async Task The_log_before_it_is_not_read()
    {
        string data = Path.Combine(_root, "data");
        string killed = Path.Combine(_root, "killed");
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options with { WalSegmentBytes = 32 * 1024 }))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 700);
            database.WriteSnapshot();
            HeadChunkWritingTests.Fill(database.Head, 700, 733);
            using IAppender appender = database.OpenAppender();
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "late"));
            appender.Append(series, StartMs, 1);
            appender.AppendExemplar(series, new Exemplar(Labels.FromStrings("trace_id", "1"), 1, StartMs));
            appender.Commit();
            Assert.Equal(1, database.Head.Delete([new LabelMatcher(MatchType.Equal, "i", "3")], new TimeRange(StartMs, StartMs + (710 * 5000))));
            expected = HeadReading.ReadAll(database);
            HeadChunkWritingTests.CopyDirectory(data, killed);
        }

        int first = int.Parse(Snapshots(killed).Single()[^17..^11], CultureInfo.InvariantCulture);
        Assert.True(first > 2, $"The snapshot is in segment {first}.");
        for (int segment = 0; segment < first; segment++)
        {
            File.WriteAllBytes(Path.Combine(killed, "wal", $"{segment:D8}"), [1, 2, 3]);
        }

        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(killed, s_options);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(again), "again");
        Assert.Single(again.Head.SelectExemplars(TimeRange.All, [[new LabelMatcher(MatchType.Equal, "__name__", "late")]], CancellationToken.None));
    }

    [Fact]
    public async Task Series_that_the_log_does_not_know_are_left_out()
    {
        // A scrape over its limit makes series and takes them back: the next server must log them when they get their first sample.
        string data = Path.Combine(_root, "data");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            Append(database, "known", StartMs, 1);
            using IAppender appender = database.OpenAppender();
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "unknown")), StartMs, 1);
            appender.Rollback();
        }

        string killed = Path.Combine(_root, "killed");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            Append(database, "unknown", StartMs + 1000, 2);
            HeadChunkWritingTests.CopyDirectory(data, killed);
        }

        Directory.Delete(Snapshots(killed).Single(), recursive: true);
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(killed, s_options);
        Assert.Equal(["{__name__=\"known\"}", "{__name__=\"unknown\"}"], HeadReading.ReadAll(again).Keys);
    }

    [Fact]
    public async Task One_is_written_when_the_log_has_grown_enough()
    {
        string data = Path.Combine(_root, "data");
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options with { SnapshotLogBytes = 20_000 });
        Append(database, "m", StartMs, 1);
        Assert.True(database.Maintain());
        Assert.Empty(Snapshots(data));

        HeadChunkWritingTests.Fill(database.Head, 0, 200);
        Assert.True(database.Maintain());
        string first = Assert.Single(Snapshots(data));
        Append(database, "m", StartMs + 1, 1);
        Assert.True(database.Maintain());
        Assert.Equal([first], Snapshots(data));

        HeadChunkWritingTests.Fill(database.Head, 200, 600);
        Assert.True(database.Maintain());
        Assert.NotEqual(first, Assert.Single(Snapshots(data)));
    }

    [Fact]
    public async Task One_before_a_truncation_is_not_used_and_soon_replaced()
    {
        string data = Path.Combine(_root, "data");
        string outdated = Path.Combine(_root, "outdated");
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options with { SnapshotLogBytes = 20_000, WalSegmentBytes = 32 * 1024 });
        HeadChunkWritingTests.Fill(database.Head, 0, 1000);
        database.WriteSnapshot();
        string first = Assert.Single(Snapshots(data));
        HeadChunkWritingTests.CopyDirectory(first, Path.Combine(outdated, Path.GetFileName(first)));

        // From here on it may be truncated in the background too, which wakes up when the head is long.
        HeadChunkWritingTests.Fill(database.Head, 1000, 2400);
        Assert.True(database.Maintain());
        Assert.NotEqual(first, Assert.Single(Snapshots(data)));
        Assert.NotEmpty(database.Blocks);

        string killed = Path.Combine(_root, "killed");
        database.PauseMaintenance(() => HeadChunkWritingTests.CopyDirectory(data, killed));
        Directory.Delete(Snapshots(killed).Single(), recursive: true);
        HeadChunkWritingTests.CopyDirectory(outdated, killed);
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(killed, s_options);
        Assert.Empty(Snapshots(killed));
        HeadReading.AssertSame(HeadReading.ReadAll(database), HeadReading.ReadAll(again), "again");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Without_the_chunks_on_which_it_relies_the_log_is_read(int seed)
    {
        var random = new Random(seed);
        string data = Path.Combine(_root, "data");
        string source = Path.Combine(_root, "source");
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(source, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 500);
            database.WriteSnapshot();
            HeadChunkWritingTests.Fill(database.Head, 500, 520);
            expected = HeadReading.ReadAll(database);
            HeadChunkWritingTests.CopyDirectory(source, data);
        }

        // As after a power cut: some bytes at the end of the file were never written.
        string chunks = Path.Combine(data, "chunks_head", "000001");
        byte[] bytes = File.ReadAllBytes(chunks);
        int used = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        bytes.AsSpan(random.Next(used / 2, used)).Clear();
        File.WriteAllBytes(chunks, bytes);
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, s_options);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(again), $"seed {seed}");
        Assert.Empty(Snapshots(data));
    }

    [PeerFact]
    public async Task Prometheus_reads_on_from_our_snapshot()
    {
        using var directory = new PeerDirectory();
        string source = directory.Combine("source");
        string data = directory.Combine("data");
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(source, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 300);
            database.WriteSnapshot();
            HeadChunkWritingTests.Fill(database.Head, 300, 700);
            database.Head.WriteClosedChunks();
            expected = HeadReading.ReadAll(database);
            HeadChunkWritingTests.CopyDirectory(source, data);
        }

        string count = $"\"{expected.Values.Sum(list => list.Count)}\"]";
        await using (PeerServer server = await PeerServer.StartAsync(directory, data, "--enable-feature=memory-snapshot-on-shutdown"))
        {
            Assert.Contains(server.Log, line => line.Contains("chunk snapshot loaded", StringComparison.OrdinalIgnoreCase) && line.Contains("num_series=20", StringComparison.Ordinal));
            Assert.Equal(0, await server.GetMetricAsync("prometheus_tsdb_snapshot_replay_error_total"));
            Assert.Contains(count, await server.GetAsync("/api/v1/query?time=1700005000&query=sum(count_over_time(m[2h]))"), StringComparison.Ordinal);
        }
    }

    private static string[] Snapshots(string data) => Directory.GetDirectories(data, "chunk_snapshot.*");

    private static Labels SeriesOf(int i) => Labels.FromStrings("__name__", "m", "i", $"{i}");

    // Two series for all time, one for each ten commits, so that new ones come in the middle of a snapshot.
    private static void Commit(TsdbDatabase database, int commit)
    {
        using IAppender appender = database.OpenAppender();
        foreach (int i in (int[])[0, 1, 2 + (commit / 10)])
        {
            appender.Append(appender.GetOrAddSeries(SeriesOf(i)), StartMs + commit, commit * (i + 1));
        }

        appender.Commit();
    }

    private static void Append(TsdbDatabase database, string name, long timestampMs, double value)
    {
        using IAppender appender = database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), timestampMs, value);
        Assert.Equal(1, appender.Commit().Appended);
    }

    private static void Copy(string from, string to, string prefix)
    {
        foreach (string directory in Directory.GetDirectories(from, prefix + "*"))
        {
            HeadChunkWritingTests.CopyDirectory(directory, Path.Combine(to, Path.GetFileName(directory)));
        }
    }
}
