using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

public sealed class MemorySnapshotTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private static readonly TsdbOptions s_options = new() { SnapshotOnClose = true, MaxExemplars = 100 };
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-snapshot-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Restarts_leave_no_trace_in_samples_or_chunks()
    {
        string restarted = Path.Combine(_root, "restarted");
        string straight = Path.Combine(_root, "straight");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(straight))
        {
            for (int part = 0; part < 9; part++)
            {
                HeadChunkWritingTests.Fill(database.Head, part * 77, (part + 1) * 77);
            }

            for (int part = 0; part < 9; part++)
            {
                var registry = new MetricRegistry();
                await using TsdbDatabase one = await TsdbDatabase.OpenAsync(restarted, s_options, registry, TimeProvider.System, NullLogger.Instance);
                Assert.Equal(Math.Min(part, 1), Snapshots(restarted).Length);
                HeadChunkWritingTests.Fill(one.Head, part * 77, (part + 1) * 77);
                if (part == 8)
                {
                    HeadReading.AssertSame(HeadReading.ReadAll(database), HeadReading.ReadAll(one), "restarted");
                    Assert.Equal((database.MinTimeMs, database.MaxTimeMs, database.Head.ChunkCount), (one.MinTimeMs, one.MaxTimeMs, one.Head.ChunkCount));
                    Assert.True(one.Head.WalRefs.AreIdentical);
                }
            }
        }

        Assert.Single(Snapshots(restarted));
        Assert.Equal(Chunks(straight), Chunks(restarted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_damaged_snapshot_is_replaced_by_the_log(int seed)
    {
        var random = new Random(seed);
        string data = Path.Combine(_root, "data");
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 200);
            expected = HeadReading.ReadAll(database);
        }

        for (int round = 0; round < 12; round++)
        {
            string copy = Path.Combine(_root, $"copy{round}");
            HeadChunkWritingTests.CopyDirectory(data, copy);
            string file = Path.Combine(Snapshots(copy).Single(), "00000000");
            byte[] bytes = File.ReadAllBytes(file);
            bool cut = random.Next(2) == 0;
            int used = bytes.AsSpan().LastIndexOfAnyExcept((byte)0);
            int at = random.Next(used);
            bytes[at] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(file, cut ? bytes[..at] : bytes);

            var registry = new MetricRegistry();
            await using TsdbDatabase database = await TsdbDatabase.OpenAsync(copy, s_options, registry, TimeProvider.System, NullLogger.Instance);
            HeadReading.AssertSame(expected, HeadReading.ReadAll(database), $"seed {seed} round {round}");
            Assert.Empty(Snapshots(copy));
        }
    }

    [Fact]
    public async Task A_snapshot_that_the_log_has_left_behind_is_read_on_from()
    {
        string data = Path.Combine(_root, "data");
        string old = Path.Combine(_root, "old");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 100);
        }

        HeadChunkWritingTests.CopyDirectory(Snapshots(data).Single(), Path.Combine(old, Path.GetFileName(Snapshots(data).Single())));
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data))
        {
            HeadChunkWritingTests.Fill(database.Head, 100, 200);
            expected = HeadReading.ReadAll(database);
        }

        HeadChunkWritingTests.CopyDirectory(old, data);
        Directory.CreateDirectory(Path.Combine(data, "chunk_snapshot.000009.0000000001.tmp"));
        string foreign = Path.Combine(_root, "foreign");
        HeadChunkWritingTests.CopyDirectory(data, foreign);
        File.Delete(Path.Combine(Snapshots(foreign)[0], "head_state"));
        foreach ((string directory, int kept) in new[] { (data, 1), (foreign, 0) })
        {
            await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(directory, s_options);
            HeadReading.AssertSame(expected, HeadReading.ReadAll(again), directory);
            Assert.Equal(kept, Snapshots(directory).Length);
        }
    }

    [Fact]
    public async Task Without_all_chunk_files_the_log_is_read()
    {
        string data = Path.Combine(_root, "data");
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 600);
            expected = HeadReading.ReadAll(database);
        }

        string chunks = Path.Combine(data, "chunks_head", "000001");
        byte[] bytes = File.ReadAllBytes(chunks);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(chunks, bytes);
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, s_options);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(again), "again");
    }

    [Fact]
    public async Task Deletions_and_exemplars_come_back()
    {
        string data = Path.Combine(_root, "data");
        SortedDictionary<string, List<(long, ulong)>> expected;
        LabelMatcher[] deleted = [new(MatchType.Equal, "i", "3")];
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 200);
            using IAppender appender = database.OpenAppender();
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m", "i", "1"));
            for (int i = 0; i < 3; i++)
            {
                appender.AppendExemplar(series, new Exemplar(Labels.FromStrings("trace_id", $"{i}"), i, StartMs + 1_000_000 + i));
            }

            appender.Commit();
            Assert.Equal(1, database.Head.Delete(deleted, new TimeRange(StartMs + 100_000, StartMs + 900_000)));
            expected = HeadReading.ReadAll(database);
        }

        Assert.Single(Snapshots(data));
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, s_options);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(again), "again");
        IReadOnlyList<SeriesExemplars> exemplars = again.Head.SelectExemplars(TimeRange.All, [[new LabelMatcher(MatchType.Equal, "__name__", "m")]], CancellationToken.None);
        Assert.Equal([(0.0, StartMs + 1_000_000), (1, StartMs + 1_000_001), (2, StartMs + 1_000_002)],
            Assert.Single(exemplars).Exemplars.Select(exemplar => (exemplar.Value, exemplar.TimestampMs)));
    }

    [PeerFact]
    public async Task Prometheus_starts_from_our_snapshot_and_we_from_its()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        SortedDictionary<string, List<(long, ulong)>> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            HeadChunkWritingTests.Fill(database.Head, 0, 700);
            Assert.Equal(1, database.Head.Delete([new LabelMatcher(MatchType.Equal, "i", "3")], new TimeRange(StartMs + 100_000, StartMs + 900_000)));
            expected = HeadReading.ReadAll(database);
        }

        string count = $"\"{expected.Values.Sum(list => list.Count)}\"]";
        const string Query = "/api/v1/query?time=1700005000&query=sum(count_over_time(m[2h]))";
        string withoutFlag = directory.Combine("plain");
        HeadChunkWritingTests.CopyDirectory(data, withoutFlag);
        await using (PeerServer server = await PeerServer.StartAsync(directory, withoutFlag))
        {
            Assert.Contains(count, await server.GetAsync(Query), StringComparison.Ordinal);
        }

        // Only what is in the snapshot can come out of it: the log is cut down to the end that the snapshot names.
        foreach (string segment in Directory.GetFiles(Path.Combine(data, "wal")))
        {
            byte[] bytes = File.ReadAllBytes(segment);
            bytes.AsSpan().Clear();
            File.WriteAllBytes(segment, bytes);
        }

        await using (PeerServer server = await PeerServer.StartAsync(directory, data, "--enable-feature=memory-snapshot-on-shutdown"))
        {
            Assert.Contains(server.Log, line => line.Contains("chunk snapshot loaded", StringComparison.OrdinalIgnoreCase) && line.Contains("num_series=20", StringComparison.Ordinal));
            Assert.Equal(0, await server.GetMetricAsync("prometheus_tsdb_snapshot_replay_error_total"));
            Assert.Contains(count, await server.GetAsync(Query), StringComparison.Ordinal);
            await server.StopAsync();
        }

        Assert.Single(Snapshots(data));
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, s_options);
        HeadReading.AssertSame(expected, HeadReading.ReadAll(again), "again");
    }

    private static string[] Snapshots(string data) => Directory.GetDirectories(data, "chunk_snapshot.*");

    private static List<string> Chunks(string data)
    {
        using var files = new HeadChunkFiles(Path.Combine(data, "chunks_head"));
        var chunks = new List<HeadChunk>();
        Assert.Null(files.Load(chunk =>
        {
            chunks.Add(chunk);
            return null;
        }));
        return [.. chunks.Select(chunk => $"{chunk.Series} {chunk.MinMs} {chunk.MaxMs} {Convert.ToHexString(files.GetBytes(chunk.Ref, chunk.Length))}").Order(StringComparer.Ordinal)];
    }
}
