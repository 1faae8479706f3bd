using System.Globalization;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Tests.Chunks;
using Narthex.Tsdb.Tests.Database;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head.ChunkFiles;

/// <summary>Full chunks of samples out of order: in files, named by the log, through kills, damage, deletions and snapshots.</summary>
public sealed class OutOfOrderChunkFilesTests : IDisposable
{
    private const long SecondMs = 1000;
    private const long StartMs = 1_700_000_000_000 / 7_200_000 * 7_200_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("narthex-late-files-").FullName;

    private static readonly TsdbOptions s_options = new()
    {
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
        OutOfOrderWindow = TimeSpan.FromDays(1),
    };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Kills_clean_ends_and_damaged_files_lose_nothing_and_bring_nothing_back(int seed)
    {
        var random = new Random(seed);
        var samples = new Samples(seed);
        string data = Path.Combine(_directory, "data");
        TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options with { SnapshotOnClose = true });
        samples.First(database.Head);
        int fromFiles = 0;
        long written = 0;
        for (int commit = 0; commit < 120; commit++)
        {
            samples.Commit(database.Head, random.Next(8) == 0 ? 60 : 4);
            if (random.Next(30) == 0)
            {
                database.Head.WriteClosedChunks();
            }

            if (random.Next(40) == 0)
            {
                database.CompactOutOfOrder();
                Assert.False(database.Head.OutOfOrder.HasAny);
            }

            if (seed > 1 && random.Next(15) == 0)
            {
                database.WriteSnapshot();
            }

            if (random.Next(12) == 0)
            {
                written += database.Head.OutOfOrderChunksWritten;
                int kind = random.Next(4);
                if (kind < 3)
                {
                    string copy = Path.Combine(_directory, $"killed{commit}");
                    database.PauseMaintenance(() => HeadChunkWritingTests.CopyDirectory(data, copy));
                    data = copy;
                }

                await database.DisposeAsync();
                if (kind == 2)
                {
                    Damage(data, random);
                }

                database = await TsdbDatabaseTests.OpenAsync(data, s_options with { SnapshotOnClose = true });
                samples.AssertSame(database, $"seed {seed} commit {commit} end {kind}");
                fromFiles += InFiles(database.Head);
            }
        }

        samples.AssertSame(database, $"seed {seed} at the end");
        Assert.True(fromFiles > 30, $"seed {seed}: {fromFiles} chunks came from files");
        Assert.True(written > 20, $"seed {seed}: {written} chunks written");

        // What is in blocks is not in memory again, though its chunks may still be in files.
        database.CompactOutOfOrder();
        string last = Path.Combine(_directory, "last");
        HeadChunkWritingTests.CopyDirectory(data, last);
        await database.DisposeAsync();
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(last, s_options);
        Assert.False(again.Head.OutOfOrder.HasAny);
        samples.AssertSame(again, $"seed {seed} in blocks");
    }

    [Fact]
    public async Task Views_see_the_same_while_chunks_go_to_files_and_blocks()
    {
        var samples = new Samples(8);
        var views = new List<(IQuerier View, List<string> Expected)>();
        await using TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(Path.Combine(_directory, "data"), s_options);
        samples.First(database.Head);
        for (int commit = 0; commit < 60; commit++)
        {
            samples.Commit(database.Head, 9);
            if (commit % 7 == 3)
            {
                views.Add((database.OpenQuerier(TimeRange.All), samples.Sorted()));
            }

            if (commit % 20 == 19)
            {
                database.CompactOutOfOrder();
            }
        }

        foreach ((IQuerier view, List<string> expected) in views)
        {
            Assert.Equal(expected, SampleLines.ReadAll(view));
            view.Dispose();
        }
    }

    [Fact]
    public async Task A_snapshot_has_the_samples_out_of_order_too()
    {
        var samples = new Samples(11);
        string snapshot = Path.Combine(_directory, "snapshot");
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(Path.Combine(_directory, "data"), s_options))
        {
            samples.First(database.Head);
            for (int commit = 0; commit < 30; commit++)
            {
                samples.Commit(database.Head, 7);
            }

            database.TakeSnapshot(snapshot, withHead: true, CancellationToken.None);
            samples.AssertSame(database, "after it");
        }

        await using TsdbDatabase restored = await TsdbDatabaseTests.OpenAsync(snapshot, s_options);
        Assert.Contains(restored.Blocks, block => block.IsOutOfOrder);
        samples.AssertSame(restored, "restored");

        // It goes on where the snapshot was taken, not at the end of the ranges of its blocks.
        using IAppender appender = restored.OpenAppender();
        var rejected = new List<RejectedSample>();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "next")), Samples.NewestMs + 1, 1);
        appender.Commit(rejected);
        Assert.Empty(rejected);
    }

    [Fact]
    public async Task Deleted_samples_out_of_order_do_not_come_back_after_a_kill_behind_a_checkpoint()
    {
        string data = Path.Combine(_directory, "data");
        string killed = Path.Combine(_directory, "killed");
        TsdbOptions options = s_options with { MinBlockDuration = TimeSpan.FromMinutes(10), WalSegmentBytes = 32 * 1024 };
        TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, options);
        const long NewestMs = StartMs + (30 * 60 * SecondMs);
        Append(database, "late", NewestMs, 0);
        for (int i = 1; i <= 80; i++)
        {
            Append(database, "late", NewestMs - (i * 20 * SecondMs), i);
        }

        LabelMatcher[] late = [new(MatchType.Equal, "__name__", "late")];
        database.DeleteSeries(late, new TimeRange(StartMs, NewestMs - (50 * 20 * SecondMs)), CancellationToken.None);

        List<string> expected = Late(database);
        Assert.Equal(50, expected.Count);
        bool wasKilled = false;
        database.OnLogTruncated(() =>
        {
            if (!Volatile.Read(ref wasKilled) && Directory.GetDirectories(Path.Combine(data, "wal"), "checkpoint.*").Length > 0)
            {
                wasKilled = true;
                Assert.DoesNotContain(Directory.GetFiles(Path.Combine(data, "wal")), file => Path.GetFileName(file) == "00000000");
                HeadChunkWritingTests.CopyDirectory(data, killed);
            }
        });
        // Segments enough that the one with the deletion is among those that go.
        for (int i = 1; i <= 200; i++)
        {
            for (int series = 0; series < 100; series++)
            {
                Append(database, $"filling{series}", NewestMs + (i * 20 * SecondMs), i);
            }
        }

        Assert.True(database.Maintain());
        Assert.True(wasKilled);
        Assert.Equal(expected, Late(database));
        await database.DisposeAsync();
        Assert.Contains(Directory.GetFiles(Path.Combine(killed, "wbl")), file => new FileInfo(file).Length > 0);
        for (int start = 0; start < 3; start++)
        {
            await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(killed, options);
            Assert.Equal(expected, Late(again));
            if (start == 1)
            {
                again.CompactOutOfOrder();
                Assert.Equal(expected, Late(again));
            }
        }

        static List<string> Late(TsdbDatabase database) =>
            [.. SampleLines.ReadAll(database).Where(line => line.StartsWith("{__name__=\"late\"}", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task Chunks_that_cannot_be_written_stay_in_memory_and_come_from_the_log()
    {
        var samples = new Samples(4);
        string data = Path.Combine(_directory, "data");
        string chunks = Path.Combine(data, "chunks_head");
        Directory.CreateDirectory(data);
        await File.WriteAllTextAsync(chunks, ""); // No directory can be made there.
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            samples.First(database.Head);
            for (int commit = 0; commit < 20; commit++)
            {
                samples.Commit(database.Head, 20);
            }

            Assert.Equal((0, 0), (InFiles(database.Head), database.Head.OutOfOrderChunksWritten));
            samples.AssertSame(database, "in memory");
        }

        File.Delete(chunks);
        await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, s_options);
        samples.AssertSame(again, "from the log");
        samples.Commit(again.Head, 60);
        Assert.True(again.Head.OutOfOrderChunksWritten > 0);
    }

    // A marker names a place. The chunk that stood there went with the damage, and another one has been written there since.
    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    public async Task A_marker_counts_only_if_the_chunk_is_the_one_it_meant(string later)
    {
        string data = Path.Combine(_directory, "data");
        List<string> expected;
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            Append(database, "first", StartMs + (7000 * SecondMs), 0);
            Append(database, "second", StartMs + (7000 * SecondMs), 0);
            AppendLate(database, "first", 1000);
            Assert.Equal(1, database.Head.OutOfOrderChunksWritten);
            expected = SampleLines.ReadAll(database);
        }

        string file = Assert.Single(Directory.GetFiles(Path.Combine(data, "chunks_head")));
        byte[] bytes = await File.ReadAllBytesAsync(file);
        bytes[HeadChunkFormat.FileHeaderBytes + 40] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            Assert.Equal(expected, SampleLines.ReadAll(database));
            AppendLate(database, later, 3000);
            Assert.Equal(1, database.Head.OutOfOrderChunksWritten);
            expected = SampleLines.ReadAll(database);
            Assert.Equal(2 + 33 + 33, expected.Count);
        }

        for (int start = 0; start < 2; start++)
        {
            await using TsdbDatabase again = await TsdbDatabaseTests.OpenAsync(data, s_options);
            Assert.Equal(expected, SampleLines.ReadAll(again));
            Assert.Equal(1, InFiles(again.Head));
        }

        static void AppendLate(TsdbDatabase database, string name, int second)
        {
            // The one behind a full chunk writes it.
            for (int i = 0; i < 33; i++)
            {
                Append(database, name, StartMs + ((second + i) * SecondMs), i);
            }
        }
    }

    [PeerFact]
    public async Task Prometheus_reads_our_chunks_and_markers()
    {
        using var directory = new PeerDirectory();
        string data = directory.Combine("data");
        var samples = new Samples(21);
        await using (TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options))
        {
            samples.First(database.Head);
            for (int commit = 0; commit < 40; commit++)
            {
                samples.Commit(database.Head, 11);
            }

            Assert.True(database.Head.OutOfOrderChunksWritten > 10);
        }

        await using PeerServer server = await PeerServer.StartAsync(directory, data, "--enable-feature=native-histograms");
        Assert.Equal(0, await server.GetMetricAsync("prometheus_tsdb_mmap_chunk_corruptions_total"));
        for (int i = 0; i < Samples.SeriesCount; i++)
        {
            string prefix = $"{{__name__=\"s{i}\"}} ";
            string count = string.Create(CultureInfo.InvariantCulture, $"\"{samples.Sorted().Count(line => line.StartsWith(prefix, StringComparison.Ordinal))}\"]");
            string answer = await server.GetAsync(string.Create(CultureInfo.InvariantCulture, $"/api/v1/query?time={(Samples.NewestMs / 1000) + 1}&query=count_over_time(s{i}[1d])"));
            Assert.True(answer.Contains(count, StringComparison.Ordinal), $"s{i}: {count} in {answer}");
        }
    }

    private static int InFiles(HeadStorage head) =>
        head.CopyOutOfOrder().Values.Sum(chunks => chunks.Count(chunk => chunk.Place is not null));

    private static void Append(TsdbDatabase database, string name, long timestampMs, double value)
    {
        using IAppender appender = database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), timestampMs, value);
        var rejected = new List<RejectedSample>();
        appender.Commit(rejected);
        Assert.Empty(rejected);
    }

    private static void Damage(string data, Random random)
    {
        string[] files = Directory.Exists(Path.Combine(data, "chunks_head")) ? [.. Directory.GetFiles(Path.Combine(data, "chunks_head")).Order(StringComparer.Ordinal)] : [];
        if (files.Length > 0)
        {
            using FileStream file = new(files[random.Next(files.Length)], FileMode.Open, FileAccess.ReadWrite);
            file.Position = random.NextInt64(file.Length);
            int old = file.ReadByte();
            file.Position--;
            file.WriteByte((byte)(old ^ (1 << random.Next(8))));
        }
    }

    /// <summary>A few series, the first sample of each new, and then older ones in any order: floats, histograms, and both.</summary>
    private sealed class Samples(int seed)
    {
        public const int SeriesCount = 4;
        public const long NewestMs = StartMs + (7000 * SecondMs);

        private readonly Random _random = new(seed * 17);
        private readonly HistogramSamples _histograms = new(new Random(seed), HistogramKind.Counter);
        private readonly SortedDictionary<(int Series, long Ms), string> _lines = [];

        public void First(HeadStorage head) => Store(head, [.. Enumerable.Range(0, SeriesCount).Select(series => (series, NewestMs))]);

        public void Commit(HeadStorage head, int count)
        {
            var rows = new List<(int, long)>();
            for (int i = 0; i < count; i++)
            {
                int series = _random.Next(SeriesCount);
                long ms = StartMs + (_random.Next(7000) * SecondMs);
                if (!_lines.ContainsKey((series, ms)) && !rows.Contains((series, ms)))
                {
                    rows.Add((series, ms));
                }
            }

            Store(head, rows);
        }

        public List<string> Sorted() => [.. _lines.Values];

        public void AssertSame(TsdbDatabase database, string context)
        {
            List<string> actual = SampleLines.ReadAll(database);
            List<string> expected = Sorted();
            SampleLines.AssertSame(expected, actual, context);
        }

        private void Store(HeadStorage head, List<(int Series, long Ms)> rows)
        {
            using IAppender appender = head.OpenAppender();
            foreach ((int series, long ms) in rows)
            {
                SeriesRef reference = appender.GetOrAddSeries(Labels.FromStrings("__name__", $"s{series}"));
                FloatHistogram? histogram = series == 1 || (series == 2 && _random.Next(2) == 0) ? _histograms.Next() : null;
                double value = _random.NextDouble();
                if (histogram is null)
                {
                    appender.Append(reference, ms, value);
                }
                else
                {
                    appender.Append(reference, ms, histogram);
                }

                _lines.Add((series, ms), SampleLines.Line($"{{__name__=\"s{series}\"}}", ms, value, histogram));
            }

            var rejected = new List<RejectedSample>();
            appender.Commit(rejected);
            Assert.True(rejected.Count == 0, string.Join(", ", rejected));
        }
    }
}
