using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;
using Narthex.Tsdb.Wal.Records;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Exemplars and metadata of a database, through restarts and checkpoints.</summary>
public sealed class ExtrasTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const long StartMs = 1_700_000_000_000 / (10 * MinuteMs) * (10 * MinuteMs);
    private static readonly LabelMatcher[][] s_all = [[new(MatchType.Regex, "__name__", ".*")]];
    private static readonly MetricMetadata s_counter = new(MetricType.Counter, "seconds", "Time spent.");
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-extras-").FullName;

    private static readonly TsdbOptions s_on = new()
    {
        MinBlockDuration = TimeSpan.FromMinutes(10),
        WalSegmentBytes = 32 * 1024,
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
        MaxExemplars = 1000,
        KeepMetadata = true,
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public async Task Exemplars_are_there_again_after_a_restart_and_the_same_ones_are_not_stored_twice()
    {
        string[] before;
        await using (TsdbDatabase database = await OpenAsync(s_on))
        {
            using IAppender appender = database.OpenAppender();
            for (int i = 0; i < 5; i++)
            {
                SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m", "i", $"{i}"));
                appender.Append(series, StartMs, i);
                appender.AppendExemplar(series, ExemplarOf(i));
            }

            Assert.Equal(new CommitResult(5, 0, 0), appender.Commit());
            before = Lines(database);
            Assert.Equal(5, before.Length);
        }

        await using TsdbDatabase again = await OpenAsync(s_on);
        Assert.Equal(before, Lines(again));
        using IAppender second = again.OpenAppender();
        for (int i = 0; i < 5; i++)
        {
            // Scraped again, some a little later without a time of their own.
            SeriesRef series = second.GetOrAddSeries(Labels.FromStrings("__name__", "m", "i", $"{i}"));
            second.AppendExemplar(series, i % 2 == 0 ? ExemplarOf(i) : ExemplarOf(i) with { TimestampMs = StartMs + 15_000, IsTimeAssumed = true });
        }

        Assert.Equal(default, second.Commit());
        Assert.Equal(before, Lines(again));
        await again.DisposeAsync();
        Assert.Equal(5, CountRecords(RecordType.Exemplars));
    }

    [Fact]
    public async Task What_is_wrong_with_an_exemplar_refuses_it_and_not_the_sample()
    {
        await using TsdbDatabase database = await OpenAsync(s_on);
        using IAppender appender = database.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m"));
        appender.Append(series, StartMs, 1);
        appender.AppendExemplar(series, new Exemplar(Labels.FromStrings("id", new string('x', 200)), 1, StartMs));
        Assert.Equal(new CommitResult(1, 0, 1), appender.Commit());
        appender.AppendExemplar(series, new Exemplar(Labels.Empty, 1, StartMs));
        Assert.Equal(default, appender.Commit());
        appender.AppendExemplar(series, new Exemplar(Labels.Empty, 1, StartMs - 1));
        appender.AppendExemplar(new SeriesRef(999), new Exemplar(Labels.Empty, 1, StartMs));
        Assert.Equal(new CommitResult(0, 0, 1) { ExemplarsOutOfOrder = 1 }, appender.Commit());
        Assert.Single(Lines(database));
    }

    [Fact]
    public async Task Checkpoints_keep_exemplars_and_metadata_that_are_still_wanted()
    {
        await using (TsdbDatabase database = await OpenAsync(s_on))
        {
            using IAppender appender = database.OpenAppender();
            for (int minute = 0; minute < 120; minute++)
            {
                SeriesRef stays = appender.GetOrAddSeries(Labels.FromStrings("__name__", "stays"));
                appender.Append(stays, StartMs + (minute * MinuteMs), minute);
                appender.AppendExemplar(stays, new Exemplar(Labels.FromStrings("id", $"{minute}"), minute, StartMs + (minute * MinuteMs)));
                if (minute == 0)
                {
                    appender.UpdateMetadata(stays, s_counter with { Help = "Old." });
                    appender.UpdateMetadata(stays, s_counter);
                }

                for (int i = 0; i < 100; i++)
                {
                    appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "goes", "i", $"{i}", "minute", $"{minute / 20}")), StartMs + (minute * MinuteMs), i);
                }

                appender.Commit();
                if (minute % 15 == 14)
                {
                    Assert.True(database.Maintain());
                }
            }

            Assert.Equal(120, Lines(database).Length);
        }

        Assert.NotEmpty(Directory.GetDirectories(Path.Combine(_root, "data", "wal"), "checkpoint.*"));
        await using TsdbDatabase again = await OpenAsync(s_on);

        // The log goes back to the last truncation: older ones are gone, as upstream's are.
        string[] left = Lines(again);
        Assert.InRange(left.Length, 10, 100);
        Assert.Contains("id=\"119\"", left[^1], StringComparison.Ordinal);
        Assert.True(again.Head.TryGetMetadata(Labels.FromStrings("__name__", "stays"), out MetricMetadata metadata));
        Assert.Equal(s_counter, metadata);
    }

    [Fact]
    public async Task Metadata_is_logged_when_it_is_new_or_has_changed()
    {
        Labels labels = Labels.FromStrings("__name__", "m");
        await using (TsdbDatabase database = await OpenAsync(s_on))
        {
            using IAppender appender = database.OpenAppender();
            foreach (MetricMetadata metadata in (MetricMetadata[])[s_counter, s_counter, s_counter with { Unit = "s" }])
            {
                SeriesRef series = appender.GetOrAddSeries(labels);
                appender.Append(series, StartMs, 1);
                appender.UpdateMetadata(series, metadata);
                appender.Commit();
            }

            Assert.Equal(1, database.Head.Metadata.DistinctCount);
        }

        Assert.Equal(2, CountRecords(RecordType.Metadata));
        await using TsdbDatabase again = await OpenAsync(s_on);
        Assert.True(again.Head.TryGetMetadata(labels, out MetricMetadata found));
        Assert.Equal(s_counter with { Unit = "s" }, found);
    }

    [Fact]
    public async Task Nothing_is_kept_or_logged_where_it_is_off()
    {
        await using (TsdbDatabase database = await OpenAsync(s_on with { MaxExemplars = 0, KeepMetadata = false }))
        {
            using IAppender appender = database.OpenAppender();
            Assert.False(appender.WantsExemplars || appender.WantsMetadata);
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m"));
            appender.Append(series, StartMs, 1);
            appender.AppendExemplar(series, ExemplarOf(1));
            appender.UpdateMetadata(series, s_counter);
            Assert.Equal(new CommitResult(1, 0, 0), appender.Commit());
            Assert.Empty(Lines(database));
        }

        Assert.Equal(0, CountRecords(RecordType.Exemplars) + CountRecords(RecordType.Metadata));
    }

    [Fact]
    public async Task Exemplars_stay_when_their_series_is_collected_and_go_on_when_it_comes_back()
    {
        await using TsdbDatabase database = await OpenAsync(s_on);
        using IAppender appender = database.OpenAppender();
        void Append(string name, int minute)
        {
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", name));
            appender.Append(series, StartMs + (minute * MinuteMs), 1);
            appender.AppendExemplar(series, new Exemplar(Labels.FromStrings("minute", $"{minute}"), minute, StartMs + (minute * MinuteMs)));
            appender.Commit();
        }

        Append("a", 0);
        Append("b", 1);
        for (int minute = 20; minute < 60; minute++)
        {
            Append("c", minute);
        }

        Assert.True(database.Maintain());
        Assert.True(database.Head.Reclaim());
        Assert.Equal(1, database.Head.SeriesCount);
        Append("b", 60);
        Append("d", 60);
        IReadOnlyList<SeriesExemplars> found = database.SelectExemplars(TimeRange.All, s_all, CancellationToken.None);
        Assert.Equal(["a", "b", "c", "d"], found.Select(series => series.SeriesLabels.MetricName));
        Assert.Equal(["1", "60"], found[1].Exemplars.Select(exemplar => exemplar.Labels["minute"]));
    }

    [Fact]
    public async Task The_limit_can_be_changed_while_it_runs()
    {
        await using TsdbDatabase database = await OpenAsync(s_on);
        using IAppender appender = database.OpenAppender();
        for (int i = 0; i < 20; i++)
        {
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m", "i", $"{i % 4}"));
            appender.Append(series, StartMs + i, i);
            appender.AppendExemplar(series, new Exemplar(Labels.Empty, i, StartMs + i));
        }

        appender.Commit();
        database.SetExemplarLimits(6, TimeSpan.Zero);
        Assert.Equal(["14", "15", "16", "17", "18", "19"], Values(database));
        database.SetExemplarLimits(0, TimeSpan.Zero);
        Assert.Empty(Values(database));
        Assert.False(appender.WantsExemplars);
        database.SetExemplarLimits(3, TimeSpan.Zero);
        Assert.True(appender.WantsExemplars);

        static IEnumerable<string> Values(TsdbDatabase database) => database.SelectExemplars(TimeRange.All, s_all, CancellationToken.None)
            .SelectMany(series => series.Exemplars).Select(exemplar => exemplar.Value).Order().Select(value => $"{value}");
    }

    [Fact]
    public async Task Within_the_window_exemplars_may_come_late()
    {
        await using TsdbDatabase database = await OpenAsync(s_on);
        database.SetExemplarLimits(10, TimeSpan.FromSeconds(10));
        using IAppender appender = database.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m"));
        foreach (int second in (int[])[100, 95, 90, 91, 95, 110])
        {
            appender.AppendExemplar(series, new Exemplar(Labels.Empty, second, StartMs + (second * 1000)));
            appender.Commit();
        }

        Assert.Equal([91, 95, 100, 110], Assert.Single(database.SelectExemplars(TimeRange.All, s_all, CancellationToken.None)).Exemplars.Select(exemplar => exemplar.Value));
    }

    // 1080 samples of 5 s. After a quarter of the target the two hours are divided evenly: into 12 parts of 120 samples, or 25 of about 58.
    [Theory]
    [InlineData(0, 9)]
    [InlineData(120, 9)]
    [InlineData(60, 19)]
    [InlineData(2000, 1)]
    public async Task Chunks_aim_at_as_many_samples_as_is_set(int target, int chunks)
    {
        await using TsdbDatabase database = await OpenAsync(s_on with { SamplesPerChunk = target, MinBlockDuration = TimeSpan.FromHours(2) });
        using IAppender appender = database.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "m"));
        long start = StartMs / 7_200_000 * 7_200_000;
        for (int i = 0; i < 1080; i++)
        {
            appender.Append(series, start + (i * 5000), 1);
            appender.Commit();
        }

        Assert.Equal(chunks, database.Head.ChunkCount);
    }

    private static Exemplar ExemplarOf(int i) => new(Labels.FromStrings("trace_id", $"{i:x16}"), i / 2.0, StartMs - i);

    private static string[] Lines(TsdbDatabase database) =>
    [
        .. database.SelectExemplars(TimeRange.All, s_all, CancellationToken.None)
            .SelectMany(series => series.Exemplars.Select(exemplar => $"{series.SeriesLabels} {exemplar.Labels} {exemplar.Value} {exemplar.TimestampMs}")),
    ];

    private Task<TsdbDatabase> OpenAsync(TsdbOptions options) =>
        TsdbDatabase.OpenAsync(Path.Combine(_root, "data"), options, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private int CountRecords(RecordType type)
    {
        using var reader = new WalReader(WalFileSystem.Instance, WalSegments.List(WalFileSystem.Instance, Path.Combine(_root, "data", "wal")));
        int count = 0;
        while (reader.MoveNext())
        {
            if (reader.RecordType == RecordType.Exemplars && type == RecordType.Exemplars)
            {
                var exemplars = new ExemplarsRecordReader(reader.Record);
                while (exemplars.MoveNext())
                {
                    count++;
                }
            }
            else
            {
                count += reader.RecordType == type ? 1 : 0;
            }
        }

        return count;
    }
}
