using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Head.ChunkFiles;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;
using Narthex.Tsdb.Wal.Records;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>The log tells which series have left the head for a block, so that a start after a kill does not bring them back.</summary>
public sealed class EvictionLogTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000 / 7_200_000 * 7_200_000;
    private const int SeriesCount = 100;
    private const int StaleCount = 60;
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-evict-").FullName;
    private readonly SortedDictionary<(string Series, long Ms), string> _expected = new(Comparer<(string Series, long Ms)>.Create((left, right) =>
        string.CompareOrdinal(left.Series, right.Series) is var order and not 0 ? order : left.Ms.CompareTo(right.Ms)));
    private int _copies;

    private static readonly TsdbOptions s_options = new()
    {
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
        WalSegmentBytes = 64 * 1024,
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task After_a_kill_the_head_is_what_it_was_and_nothing_is_there_twice()
    {
        await using TsdbDatabase database = await OpenAsync("data");
        Fill(database);
        EvictStale(database);
        Assert.Equal((SeriesCount - StaleCount, 0, 1), (database.Head.SeriesCount, database.Head.StaleSeriesCount, database.Blocks.Count));

        // Some come back, one of them stale at once.
        for (int i = 0; i < 10; i++)
        {
            Append(database, i, StartMs + 6_000_000, i == 9 ? StaleNaN.Value : i);
        }

        await using TsdbDatabase reopened = await KillAsync(database);
        AssertSame(database, reopened);
        Assert.Equal((SeriesCount - StaleCount + 10, 1), (reopened.Head.SeriesCount, reopened.Head.StaleSeriesCount));

        // Again, and from the log that this one has written on.
        EvictStale(reopened);
        Append(reopened, 9, StartMs + 6_100_000, 1);
        Append(reopened, 20, StartMs + 6_100_000, 1);
        await using TsdbDatabase again = await KillAsync(reopened);
        AssertSame(reopened, again);
        Assert.Equal((SeriesCount - StaleCount + 11, 0), (again.Head.SeriesCount, again.Head.StaleSeriesCount));
    }

    [Fact]
    public async Task A_series_that_comes_back_has_a_number_that_nothing_had_before()
    {
        await using TsdbDatabase database = await OpenAsync("data");
        Fill(database);
        EvictStale(database);
        Append(database, 3, StartMs + 6_000_000, 1);
        List<(ulong Number, Labels? Series)> log = ReadLog();
        ulong[] gone = [.. log.Where(entry => entry.Series is null).Select(entry => entry.Number)];
        Assert.Equal(StaleCount, gone.Length);
        ulong[] numbers = [.. log.Where(entry => entry.Series is { } labels && labels.Equals(LabelsOf(3))).Select(entry => entry.Number)];
        Assert.Equal(2, numbers.Length);
        Assert.Contains(numbers[0], gone);
        Assert.Equal(log.Count - StaleCount, log.Where(entry => entry.Series is not null).Select(entry => entry.Number).Distinct().Count());

        // A server that has only read this does not give the numbers of the gone to others.
        string copy = Path.Combine(_root, "other");
        database.PauseMaintenance(() => HeadChunkWritingTests.CopyDirectory(Path.Combine(_root, "data"), copy));
        await using TsdbDatabase other = await OpenAsync("other");
        Append(other, 1000, StartMs + 6_000_000, 1);
        Assert.DoesNotContain(Assert.Single(ReadLog("other"), entry => entry.Series is { } labels && labels.Equals(LabelsOf(1000))).Number, log.Select(entry => entry.Number));
    }

    [Fact]
    public async Task A_series_that_comes_back_before_it_is_gone_keeps_its_number()
    {
        await using TsdbDatabase database = await OpenAsync("data");
        Fill(database);
        using (IAppender holding = database.OpenAppender())
        {
            holding.Append(holding.GetOrAddSeries(LabelsOf(99)), StartMs + 6_000_000, 1);
            Assert.True(database.Maintain());
            Assert.True(database.Head.IsEvicting);
            Append(database, 3, StartMs + 6_000_000, 1);
            Assert.True(database.Maintain());
            Assert.Single(database.Blocks);
        }

        Reclaim(database);
        Assert.Equal(StaleCount - 1, ReadLog().Count(entry => entry.Series is null));
        await using TsdbDatabase reopened = await KillAsync(database);
        Assert.Equal((SeriesCount - StaleCount + 1, 0), (reopened.Head.SeriesCount, reopened.Head.StaleSeriesCount));
        SampleLines.AssertSame([.. _expected.Values], SampleLines.ReadAll(reopened), "afterwards");
    }

    [Fact]
    public async Task What_was_deleted_of_a_series_is_not_deleted_of_the_one_that_comes_back()
    {
        await using TsdbDatabase database = await OpenAsync("data");
        Fill(database);
        long lastMs = StartMs + (299 * 15_000L);
        database.DeleteSeries([new LabelMatcher(MatchType.Equal, "i", "3")], new TimeRange(lastMs - 60_000, long.MaxValue), CancellationToken.None);
        for (long ms = lastMs; ms >= lastMs - 60_000; ms -= 15_000)
        {
            Assert.True(_expected.Remove((LabelsOf(3).ToString(), ms)));
        }

        EvictStale(database);
        SampleLines.AssertSame([.. _expected.Values], SampleLines.ReadAll(database), "evicted");

        // Series that have nothing take samples as old as that.
        Append(database, 3, lastMs - 30_000, 17);
        await using TsdbDatabase reopened = await KillAsync(database);
        AssertSame(database, reopened);
    }

    [Fact]
    public async Task Log_truncations_keep_what_the_samples_of_the_gone_need()
    {
        await using TsdbDatabase database = await OpenAsync("data");
        Fill(database, stepMs: 30_000);
        EvictStale(database);
        Assert.Equal(2, database.Blocks.Count);

        // The first two hours leave the head. Segments that stay, or a checkpoint, have samples of the gone from the hours behind them.
        Append(database, 99, StartMs + (7_200_000 / 2 * 3) + 1, 1);
        Assert.True(database.Maintain());
        Assert.InRange(database.Head.MinTimeMs, StartMs + 7_200_000, StartMs + 7_230_000);
        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(_root, "data", "wal"), "checkpoint.*"));
        var metrics = new MetricRegistry();
        await using TsdbDatabase reopened = await KillAsync(database, metrics);
        AssertSame(database, reopened);
        var unknown = new UnknownReferences();
        metrics.Collect(unknown);
        Assert.Equal(0, unknown.Count);
    }

    private static Labels LabelsOf(int number) => Labels.FromStrings("__name__", "s", "i", $"{number}");

    /// <summary>Full chunks in files and open ones; most series end with a marker.</summary>
    private void Fill(TsdbDatabase database, long stepMs = 15_000)
    {
        for (int step = 0; step < 300; step++)
        {
            using IAppender appender = database.OpenAppender();
            long ms = StartMs + (step * stepMs);
            for (int i = 0; i < SeriesCount; i++)
            {
                double value = step == 299 && i < StaleCount ? StaleNaN.Value : step % 7;
                appender.Append(appender.GetOrAddSeries(LabelsOf(i)), ms, value);
                Expect(i, ms, value);
            }

            Assert.Equal(SeriesCount, appender.Commit().Appended);
        }

        database.Head.WriteClosedChunks();
        Assert.Equal(StaleCount, database.Head.StaleSeriesCount);
    }

    private static void EvictStale(TsdbDatabase database)
    {
        database.SetStaleSeriesCompactionThreshold(0.01);
        Assert.True(database.Maintain());
        Reclaim(database);
    }

    // A view or an append that ends may be at it on a thread of its own.
    private static void Reclaim(TsdbDatabase database)
    {
        while (!database.Head.Reclaim())
        {
        }
    }

    private void Append(TsdbDatabase database, int number, long timestampMs, double value)
    {
        using IAppender appender = database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(LabelsOf(number)), timestampMs, value);
        Assert.Equal(1, appender.Commit().Appended);
        Expect(number, timestampMs, value);
    }

    private void Expect(int number, long timestampMs, double value) =>
        _expected.Add((LabelsOf(number).ToString(), timestampMs), SampleLines.Line(LabelsOf(number).ToString(), timestampMs, value, null));

    private void AssertSame(TsdbDatabase before, TsdbDatabase after)
    {
        Assert.Equal(
            (before.Head.SeriesCount, before.Head.ChunkCount, before.Head.StaleSeriesCount, before.Blocks.Count),
            (after.Head.SeriesCount, after.Head.ChunkCount, after.Head.StaleSeriesCount, after.Blocks.Count));
        SampleLines.AssertSame(SampleLines.ReadAll(before.Head), SampleLines.ReadAll(after.Head), "head");
        SampleLines.AssertSame([.. _expected.Values], SampleLines.ReadAll(after), "all");
    }

    private Task<TsdbDatabase> KillAsync(TsdbDatabase database, MetricRegistry? metrics = null)
    {
        string copy = $"copy{_copies++}";
        database.PauseMaintenance(() => HeadChunkWritingTests.CopyDirectory(database.DirectoryPath, Path.Combine(_root, copy)));
        return OpenAsync(copy, metrics);
    }

    private async Task<TsdbDatabase> OpenAsync(string name, MetricRegistry? metrics = null)
    {
        TsdbDatabase database = await TsdbDatabase.OpenAsync(
            Path.Combine(_root, name), s_options, metrics ?? new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
        database.SetStaleSeriesCompactionThreshold(0.5);
        return database;
    }

    /// <summary>The numbers in the log in their order, of series that appear and of those that go.</summary>
    private List<(ulong Number, Labels? Series)> ReadLog(string name = "data")
    {
        var found = new List<(ulong, Labels?)>();
        using var reader = new WalReader(WalFileSystem.Instance, WalSegments.List(WalFileSystem.Instance, Path.Combine(_root, name, "wal")));
        while (reader.MoveNext())
        {
            if (reader.RecordType == RecordType.Series)
            {
                var series = new SeriesRecordReader(reader.Record);
                while (series.MoveNext())
                {
                    found.Add((series.Ref, series.Labels.ToLabels()));
                }
            }
            else if (reader.RecordType == RecordType.Tombstones)
            {
                var tombstones = new TombstonesRecordReader(reader.Record);
                while (tombstones.MoveNext())
                {
                    Assert.Equal((long.MinValue, long.MaxValue), (tombstones.MinTimestampMs, tombstones.MaxTimestampMs));
                    found.Add((tombstones.Ref, null));
                }
            }
        }

        return found;
    }

    private sealed class UnknownReferences : IMetricSink
    {
        private bool _counts;

        public double Count { get; private set; }

        public void BeginFamily(FamilyDescription family) => _counts = family.Name == "prometheus_tsdb_wal_replay_unknown_refs_total";

        public void Value(ReadOnlySpan<string> labelValues, double value) => Count += _counts ? value : 0;

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
        }
    }
}
