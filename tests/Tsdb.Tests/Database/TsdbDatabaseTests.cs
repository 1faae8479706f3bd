using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Records;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

public sealed class TsdbDatabaseTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-db-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_copy_taken_at_any_moment_replays_to_what_was_committed_then(int seed)
    {
        var random = new Random(seed);
        string data = Path.Combine(_root, "data");
        var options = new TsdbOptions { WalSegmentBytes = 32 * 1024 };
        await using TsdbDatabase database = await OpenAsync(data, options);
        using IAppender appender = database.OpenAppender();
        for (int copy = 0; copy < 4; copy++)
        {
            for (int commit = 0; commit < 100; commit++)
            {
                long now = StartMs + (((copy * 100) + commit) * 15_000);
                for (int i = 0; i < 50; i++)
                {
                    int which = random.Next(60 + (copy * 60));
                    appender.Append(
                        appender.GetOrAddSeries(Labels.FromStrings("__name__", "m" + (which % 5), "i", $"{which}")),
                        now + random.Next(3), random.Next(3) == 0 ? StaleNaN.Value : random.NextDouble());
                }

                appender.Commit();
            }

            // As after a kill: the lock file is there, and nothing was closed.
            string crashed = CopyDirectory(data, $"crash{copy}");
            File.WriteAllText(Path.Combine(crashed, "lock"), "");
            int segments = Directory.GetFiles(Path.Combine(crashed, "wal")).Length;
            await using TsdbDatabase reopened = await OpenAsync(crashed, options);
            HeadReading.AssertSame(HeadReading.ReadAll(database), HeadReading.ReadAll(reopened), $"seed {seed} copy {copy}");
            Assert.Equal((database.MinTimeMs, database.MaxTimeMs), (reopened.MinTimeMs, reopened.MaxTimeMs));
            Assert.Equal(database.Head.ChunkCount, reopened.Head.ChunkCount);
            Assert.Equal(new WalReplayProgress(0, segments - 1, segments - 1), reopened.ReplayProgress);
            Assert.True(segments > copy, $"seed {seed} copy {copy}: only {segments} segments");
        }
    }

    [Fact]
    public async Task Series_keep_their_log_numbers_through_restarts_in_other_orders()
    {
        // A log whose numbers are not those of the head: as upstream writes them, and as ours become once series have gone.
        string data = Path.Combine(_root, "data");
        using (WalWriter writer = WalWriter.Open(Path.Combine(data, "wal")))
        {
            var batch = new WalBatch();
            SeriesRecordWriter series = SeriesRecordWriter.Begin(batch.Buffer);
            series.AddSeries(7, Labels.FromStrings("__name__", "seven"));
            series.AddSeries(2, Labels.FromStrings("__name__", "two"));
            series.AddSeries(900, Labels.FromStrings("__name__", "seven"));
            batch.EndRecord();
            SamplesRecord.Encode(batch.Buffer, [7, 2, 900, 55], [StartMs, StartMs, StartMs + 1, StartMs], [7, 2, 900, 55]);
            batch.EndRecord();
            writer.Log(batch);
        }

        for (int restart = 1; restart <= 3; restart++)
        {
            await using TsdbDatabase database = await OpenAsync(data);
            using IAppender appender = database.OpenAppender();
            foreach (string name in (string[])["two", "seven", "new" + restart, "new1"])
            {
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), StartMs + (restart * 10), restart);
            }

            appender.Commit();
        }

        await using TsdbDatabase last = await OpenAsync(data);
        Assert.Equal(
            ["new1:1,2,3", "new2:2", "new3:3", "seven:7,900,1,2,3", "two:2,1,2,3"],
            HeadReading.ReadAll(last).Select(pair =>
                pair.Key["{__name__=\"".Length..^2] + ":" + string.Join(',', pair.Value.Select(sample => BitConverter.UInt64BitsToDouble(sample.Bits)))));
    }

    [Fact]
    public async Task A_torn_end_is_cut_and_writing_goes_on()
    {
        string data = Path.Combine(_root, "data");
        await Write(data, 0, 20);
        string segment = Directory.EnumerateFiles(Path.Combine(data, "wal")).Order().Last();
        long length = new FileInfo(segment).Length;
        byte[] bytes = await File.ReadAllBytesAsync(segment);
        int end = Array.FindLastIndex(bytes, b => b != 0);
        await File.WriteAllBytesAsync(segment, bytes[..(end - 2)]);

        await using (TsdbDatabase torn = await OpenAsync(data))
        {
            Assert.Equal(19, HeadReading.ReadAll(torn).Single().Value.Count);
        }

        await Write(data, 20, 5);
        await using TsdbDatabase after = await OpenAsync(data);
        Assert.Equal(24, HeadReading.ReadAll(after).Single().Value.Count);
        Assert.True(length > end);
    }

    [Fact]
    public async Task Damage_in_the_middle_is_cut_counted_and_survived()
    {
        string data = Path.Combine(_root, "data");
        await Write(data, 0, 20);
        await Write(data, 20, 20);
        string first = Directory.EnumerateFiles(Path.Combine(data, "wal")).Order().First();
        byte[] bytes = await File.ReadAllBytesAsync(first);
        bytes[Array.FindLastIndex(bytes, b => b != 0) - 60] ^= 0x40;
        await File.WriteAllBytesAsync(first, bytes);

        var registry = new MetricRegistry();
        await using (TsdbDatabase database = await TsdbDatabase.OpenAsync(data, new TsdbOptions(), registry, TimeProvider.System, NullLogger.Instance))
        {
            int kept = HeadReading.ReadAll(database).Single().Value.Count;
            Assert.InRange(kept, 10, 19);
            Assert.Equal(1, Metric(registry, "prometheus_tsdb_wal_corruptions_total"));
            Assert.Equal(kept, Metric(registry, "prometheus_tsdb_head_max_time") - StartMs + 1);
        }

        await Write(data, 100, 1);
        await using TsdbDatabase after = await OpenAsync(data);
        Assert.Equal(100 + StartMs, after.MaxTimeMs);
    }

    [Fact]
    public async Task A_series_with_samples_of_several_kinds_in_one_commit_has_all_of_them_after_a_restart()
    {
        string data = Path.Combine(_root, "data");
        await using (TsdbDatabase database = await OpenAsync(data))
        {
            using IAppender appender = database.OpenAppender();
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "mixed"));
            FloatHistogram fraction = HeadAppenderTests.Histogram(6);
            fraction.Count += 0.5;
            appender.Append(series, StartMs, HeadAppenderTests.Histogram(5));
            appender.Append(series, StartMs + 1, 1.5);
            appender.Append(series, StartMs + 2, fraction);
            appender.Append(series, StartMs + 3, HeadAppenderTests.Histogram(9));
            appender.Append(series, StartMs + 4, 2.5);
            Assert.Equal(5, appender.Commit().Appended);
        }

        // Without what a clean end leaves beside the log.
        foreach (string other in Directory.GetDirectories(data).Where(path => Path.GetFileName(path) != "wal"))
        {
            Directory.Delete(other, recursive: true);
        }

        await using TsdbDatabase reopened = await OpenAsync(data);
        using IQuerier querier = reopened.OpenQuerier(TimeRange.All);
        using ISeriesSelection selection = querier.Select(default, [new LabelMatcher(MatchType.Equal, "__name__", "mixed")], CancellationToken.None);
        using var samples = new SampleBuffer();
        selection.ReadSamples(0, samples);
        Assert.Equal([StartMs, StartMs + 1, StartMs + 2, StartMs + 3, StartMs + 4], samples.Timestamps.ToArray());
        Assert.Equal([true, false, true, true, false], samples.Histograms.ToArray().Select(histogram => histogram is not null));
    }

    [Fact]
    public async Task Native_histograms_survive_a_restart()
    {
        string data = Path.Combine(_root, "data");
        await using (TsdbDatabase database = await OpenAsync(data))
        {
            using IAppender appender = database.OpenAppender();
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "h"));
            appender.Append(series, StartMs, 1);
            appender.Append(series, StartMs + 1, HeadAppenderTests.Histogram(5));
            FloatHistogram fraction = HeadAppenderTests.Histogram(6);
            fraction.Count = 3.5;
            appender.Append(series, StartMs + 2, fraction);
            appender.Commit();
        }

        await using TsdbDatabase reopened = await OpenAsync(data);
        using IQuerier view = reopened.OpenQuerier(TimeRange.All);
        using ISeriesSelection selection = view.Select(default, [new LabelMatcher(MatchType.Equal, "__name__", "h")], CancellationToken.None);
        using var samples = new SampleBuffer();
        selection.ReadSamples(0, samples);
        Assert.Equal([null, 3, 3.5], samples.Histograms.ToArray().Select(histogram => histogram?.Count));
    }

    [Fact]
    public async Task A_directory_has_one_server()
    {
        string data = Path.Combine(_root, "data");
        var registry = new MetricRegistry();
        await using (TsdbDatabase first = await TsdbDatabase.OpenAsync(data, new TsdbOptions(), registry, TimeProvider.System, NullLogger.Instance))
        {
            StorageException error = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(data));
            Assert.StartsWith("lock DB directory: ", error.Message, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(data, "lock")));
            Assert.Equal(1, Metric(registry, "prometheus_tsdb_clean_start"));
        }

        Assert.False(File.Exists(Path.Combine(data, "lock")));
        await using TsdbDatabase second = await OpenAsync(data, new TsdbOptions { NoLockfile = true });
        Assert.False(File.Exists(Path.Combine(data, "lock")));
    }

    [Fact]
    public async Task Before_it_is_open_it_says_that_it_is_not_ready()
    {
        await using var database = new TsdbDatabase(Path.Combine(_root, "data"), new TsdbOptions(), new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
        Assert.False(database.IsReady);
        Assert.Equal("TSDB not ready", Assert.Throws<StorageException>(() => database.OpenQuerier(TimeRange.All)).Message);
        Assert.Equal("TSDB not ready", Assert.Throws<StorageException>(database.OpenAppender).Message);
    }

    [Fact]
    public async Task Statistics_count_series_values_and_bytes()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        using IAppender appender = database.OpenAppender();
        for (int i = 0; i < 30; i++)
        {
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", i < 20 ? "many" : "few", "i", $"{i:D3}")), StartMs + i, i);
        }

        appender.Commit();
        TsdbStatistics statistics = database.GetStatistics(2);

        Assert.Equal((30, 32, 30), (statistics.SeriesCount, statistics.LabelPairCount, statistics.ChunkCount));
        Assert.Equal((StartMs, StartMs + 29), (statistics.MinTimeMs, statistics.MaxTimeMs));
        Assert.Equal([new NamedNumber("many", 20), new NamedNumber("few", 10)], statistics.SeriesCountByMetricName);
        Assert.Equal([new NamedNumber("i", 30), new NamedNumber("__name__", 2)], statistics.LabelValueCountByLabelName);
        Assert.Equal([new NamedNumber("__name__", (20 * (9 + 5)) + (10 * (9 + 4))), new NamedNumber("i", 30 * (2 + 4))], statistics.MemoryInBytesByLabelName);
        Assert.Equal([new NamedNumber("__name__=many", 20), new NamedNumber("__name__=few", 10)], statistics.SeriesCountByLabelValuePair);
    }

    internal static Task<TsdbDatabase> OpenAsync(string directory, TsdbOptions? options = null) =>
        TsdbDatabase.OpenAsync(directory, options ?? new TsdbOptions(), new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private static async Task Write(string data, int from, int count)
    {
        await using TsdbDatabase database = await OpenAsync(data);
        using IAppender appender = database.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "x", "text", new string('y', 40)));
        for (int i = from; i < from + count; i++)
        {
            appender.Append(series, StartMs + i, i);
            Assert.Equal(1, appender.Commit().Appended);
        }
    }

    private static double Metric(MetricRegistry registry, string name)
    {
        var sink = new ValueSink(name);
        registry.Collect(sink);
        return sink.Found;
    }

    private string CopyDirectory(string from, string name)
    {
        string to = Path.Combine(_root, name);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            if (Path.GetFileName(file) != "lock")
            {
                using FileStream source = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                using FileStream copy = File.Create(target);
                source.CopyTo(copy);
            }
        }

        return to;
    }

    private sealed class ValueSink(string name) : IMetricSink
    {
        private string _family = "";

        public double Found { get; private set; } = double.NaN;

        public void BeginFamily(FamilyDescription family) => _family = family.Name;

        public void Value(ReadOnlySpan<string> labelValues, double value) => Found = _family == name ? value : Found;

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
        }
    }
}
