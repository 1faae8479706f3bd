using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Deleting, cleaning and snapshots, through compactions and restarts.</summary>
public sealed class DeletionTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const long StartMs = 1_700_000_000_000 / (10 * MinuteMs) * (10 * MinuteMs);
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-delete-").FullName;

    private static readonly TsdbOptions s_small = new()
    {
        MinBlockDuration = TimeSpan.FromMinutes(10),
        MaxBlockDuration = TimeSpan.FromMinutes(90),
        WalSegmentBytes = 32 * 1024,
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task What_is_deleted_stays_deleted_and_nothing_else_does(int seed)
    {
        var random = new Random(seed);
        var model = new Model();
        string data = Path.Combine(_root, "data");
        TsdbDatabase database = await OpenAsync(data);
        for (int minute = 0; minute < 70; minute++)
        {
            string context = $"seed {seed} minute {minute}";
            model.Commit(database, random, StartMs + (minute * MinuteMs));
            switch (random.Next(12))
            {
                case 0 or 1 or 2:
                    long from = StartMs + (random.Next(minute + 1) * MinuteMs);
                    var range = random.Next(4) == 0 ? TimeRange.All : new TimeRange(from, from + (random.Next(30) * MinuteMs));
                    model.Delete(database, random, range);
                    break;
                case 3:
                    Assert.True(database.Maintain());
                    break;
                case 4:
                    database.CleanTombstones(CancellationToken.None);
                    break;
                case 5:
                    await database.DisposeAsync();
                    database = await OpenAsync(data);
                    break;
                case 6:
                    string copy = Path.Combine(_root, $"killed{minute}");
                    database.PauseMaintenance(() => OpenDirectory.Copy(data, copy));
                    await database.DisposeAsync();
                    data = copy;
                    database = await OpenAsync(data);
                    break;
                case 7:
                    string name = database.TakeSnapshot(withHead: true, CancellationToken.None);
                    Assert.Matches("^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{16}$", name);
                    await using (TsdbDatabase snapshot = await OpenAsync(Path.Combine(data, "snapshots", name)))
                    {
                        HeadReading.AssertSame(model.Samples, HeadReading.ReadAll(snapshot), context + " snapshot");
                    }

                    break;
            }

            HeadReading.AssertSame(model.Samples, HeadReading.ReadAll(database), context);
        }

        Assert.True(database.Maintain());
        HeadReading.AssertSame(model.Samples, HeadReading.ReadAll(database), $"seed {seed} at the end");
        database.CleanTombstones(CancellationToken.None);
        Assert.All(database.Blocks, block => Assert.Equal(0UL, block.Stats.NumTombstones));
        HeadReading.AssertSame(model.Samples, HeadReading.ReadAll(database), $"seed {seed} cleaned");
        Assert.True(model.Deletions > 5 && database.Blocks.Count > 1, $"{model.Deletions} deletions, {database.Blocks.Count} blocks");
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Samples_that_come_later_are_not_deleted_even_inside_the_range()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        Append(database, "a", StartMs, 1);
        Append(database, "b", StartMs, 1);
        database.DeleteSeries([new(MatchType.Equal, "__name__", "a")], TimeRange.All, CancellationToken.None);
        Assert.Equal(["{__name__=\"b\"}"], HeadReading.ReadAll(database).Keys);
        Append(database, "a", StartMs + 1000, 2);
        Assert.Equal([(StartMs + 1000, BitConverter.DoubleToUInt64Bits(2))], HeadReading.ReadAll(database)["{__name__=\"a\"}"]);
    }

    [Fact]
    public async Task Views_that_are_open_go_on_seeing_what_is_deleted()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        Append(database, "a", StartMs, 1);
        using IQuerier before = database.OpenQuerier(TimeRange.All);
        database.DeleteSeries([new(MatchType.Equal, "__name__", "a")], TimeRange.All, CancellationToken.None);
        Assert.Single(HeadReading.ReadAll(before));
        using IQuerier after = database.OpenQuerier(TimeRange.All);
        using ISeriesSelection none = after.Select(
            new SelectHints { Function = "series", LabelsOnly = true }, [new(MatchType.Equal, "__name__", "a")], CancellationToken.None);
        Assert.Equal(0, none.Count);
    }

    [Fact]
    public async Task Without_matchers_everything_in_the_range_goes()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        var model = new Model();
        for (int minute = 0; minute < 40; minute++)
        {
            model.Commit(database, new Random(minute), StartMs + (minute * MinuteMs));
        }

        Assert.True(database.Maintain());
        Assert.NotEmpty(database.Blocks);
        database.DeleteSeries([], new TimeRange(0, StartMs + (35 * MinuteMs)), CancellationToken.None);
        Assert.All(HeadReading.ReadAll(database).Values, samples => Assert.True(samples[0].Ms > StartMs + (35 * MinuteMs)));
        database.DeleteSeries([], TimeRange.All, CancellationToken.None);
        Assert.Empty(HeadReading.ReadAll(database));
        database.CleanTombstones(CancellationToken.None);
        Assert.Empty(database.Blocks);
    }

    [Fact]
    public async Task Deletions_of_very_many_series_are_there_again_after_a_restart()
    {
        await using (TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data")))
        {
            using IAppender appender = database.OpenAppender();
            for (int i = 0; i < 40_000; i++)
            {
                appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", i % 1000 == 0 ? "kept" : "deleted", "i", $"{i}")), StartMs, i);
            }

            appender.Commit();
            database.DeleteSeries([new(MatchType.Equal, "__name__", "deleted")], TimeRange.All, CancellationToken.None);
            Assert.Equal(40, HeadReading.ReadAll(database).Count);
        }

        await using TsdbDatabase again = await OpenAsync(Path.Combine(_root, "data"));
        Assert.Equal(40_000, again.Head.SeriesCount);
        Assert.Equal(40, HeadReading.ReadAll(again).Count);
    }

    [Fact]
    public async Task A_series_that_takes_the_place_of_a_deleted_one_is_whole()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        for (int i = 0; i < 50; i++)
        {
            Append(database, $"old{i}", StartMs + (15 * MinuteMs), 1);
        }

        database.DeleteSeries([], TimeRange.All, CancellationToken.None);
        for (int minute = 30; minute < 70; minute++)
        {
            Append(database, "now", StartMs + (minute * MinuteMs), minute);
        }

        Assert.True(database.Maintain());
        Assert.True(database.Head.Reclaim());
        Assert.Equal(1, database.Head.SeriesCount);

        // These get the slots of the old ones; what was deleted of those must not be deleted of them.
        for (int i = 0; i < 50; i++)
        {
            Append(database, $"new{i}", StartMs + (70 * MinuteMs), 1);
        }

        Assert.Equal(51, HeadReading.ReadAll(database).Count);
        Assert.Equal(0, database.Head.Tombstones.Count);
    }

    [Fact]
    public async Task A_snapshot_that_cannot_be_written_leaves_nothing_behind()
    {
        string data = Path.Combine(_root, "data");
        await using TsdbDatabase database = await OpenAsync(data);
        Append(database, "a", StartMs, 1);
        File.WriteAllText(Path.Combine(data, "snapshots"), "in the way");
        StorageException error = Assert.Throws<StorageException>(() => database.TakeSnapshot(withHead: true, CancellationToken.None));
        Assert.StartsWith("create snapshot: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_keeps_what_is_deleted_afterwards()
    {
        string data = Path.Combine(_root, "data");
        await using TsdbDatabase database = await OpenAsync(data);
        var model = new Model();
        for (int minute = 0; minute < 40; minute++)
        {
            model.Commit(database, new Random(minute), StartMs + (minute * MinuteMs));
        }

        Assert.True(database.Maintain());
        string without = database.TakeSnapshot(withHead: false, CancellationToken.None);
        string with = database.TakeSnapshot(withHead: true, CancellationToken.None);
        database.DeleteSeries([], TimeRange.All, CancellationToken.None);
        database.CleanTombstones(CancellationToken.None);

        // Counted before anybody opens them: a database begins to compact at once.
        Assert.Equal(
            Directory.GetDirectories(Path.Combine(data, "snapshots", with)).Length - 1, Directory.GetDirectories(Path.Combine(data, "snapshots", without)).Length);
        await using TsdbDatabase whole = await OpenAsync(Path.Combine(data, "snapshots", with));
        HeadReading.AssertSame(model.Samples, HeadReading.ReadAll(whole), "with the head");
    }

    [PeerFact]
    public async Task Promtool_reads_a_snapshot_and_sees_what_is_deleted_in_blocks_and_log()
    {
        string data = Path.Combine(_root, "data");
        var model = new Model();
        var random = new Random(1);
        string name;
        await using (TsdbDatabase database = await OpenAsync(data))
        {
            for (int minute = 0; minute < 60; minute++)
            {
                model.Commit(database, random, StartMs + (minute * MinuteMs));
            }

            Assert.True(database.Maintain());
            model.Delete(database, random, new TimeRange(StartMs + (10 * MinuteMs), StartMs + (55 * MinuteMs)));
            name = database.TakeSnapshot(withHead: true, CancellationToken.None);
        }

        // It wants a log, even in a snapshot, which has none in upstream's either.
        Directory.CreateDirectory(Path.Combine(data, "snapshots", name, "wal"));
        foreach (string directory in (string[])[Path.Combine(data, "snapshots", name), data])
        {
            string dump = PeerDirectory.Promtool("tsdb", "dump", directory);
            Assert.Equal(model.Samples.Values.Sum(samples => samples.Count), dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
    }

    private static Task<TsdbDatabase> OpenAsync(string data) =>
        TsdbDatabase.OpenAsync(data, s_small, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private static void Append(TsdbDatabase database, string name, long ms, double value)
    {
        using IAppender appender = database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), ms, value);
        Assert.Equal(1, appender.Commit().Appended);
    }

    /// <summary>The samples that must be there.</summary>
    private sealed class Model
    {
        private readonly Dictionary<string, Labels> _labels = [];

        public SortedDictionary<string, List<(long Ms, ulong Bits)>> Samples { get; } = new(StringComparer.Ordinal);

        public int Deletions { get; private set; }

        public void Commit(TsdbDatabase database, Random random, long nowMs)
        {
            using IAppender appender = database.OpenAppender();
            for (int i = 0; i < 12; i++)
            {
                long generation = random.Next(3) == 0 ? (nowMs - StartMs) / (25 * MinuteMs) : 0;
                Labels labels = Labels.FromStrings("__name__", "m" + (i % 3), "i", $"{i}", "generation", $"{generation}");
                long ms = nowMs + random.Next(50_000);
                double value = random.Next(1000);
                appender.Append(appender.GetOrAddSeries(labels), ms, value);
                _labels[labels.ToString()] = labels;
                (Samples.TryGetValue(labels.ToString(), out List<(long, ulong)>? samples) ? samples : Samples[labels.ToString()] = [])
                    .Add((ms, BitConverter.DoubleToUInt64Bits(value)));
            }

            Assert.Equal(12, appender.Commit().Appended);
        }

        public void Delete(TsdbDatabase database, Random random, TimeRange range)
        {
            LabelMatcher[] matchers = random.Next(3) switch
            {
                0 => [new(MatchType.Equal, "i", $"{random.Next(14)}")],
                1 => [new(MatchType.Equal, "__name__", $"m{random.Next(3)}"), new(MatchType.NotEqual, "generation", "0")],
                _ => [new(MatchType.Regex, "i", "[1-5]|1."), new(MatchType.NotRegex, "__name__", "m[12]")],
            };
            database.DeleteSeries(matchers, range, CancellationToken.None);
            foreach ((string name, Labels labels) in _labels)
            {
                if (matchers.All(matcher => matcher.Matches(labels.GetValueOrEmpty(matcher.NameUtf8.Span))))
                {
                    Deletions += Samples[name].RemoveAll(sample => range.Contains(sample.Ms)) > 0 ? 1 : 0;
                }
            }
        }
    }
}
