using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tests;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Peers;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Blocks, head and log of one data directory, through compactions and restarts.</summary>
public sealed class DatabaseLifecycleTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const long StartMs = 1_700_000_000_000 / (10 * MinuteMs) * (10 * MinuteMs);
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-life-").FullName;

    private static readonly TsdbOptions s_small = new()
    {
        MinBlockDuration = TimeSpan.FromMinutes(10),
        MaxBlockDuration = TimeSpan.FromMinutes(90),
        WalSegmentBytes = 32 * 1024,
        Retention = new RetentionLimits(TimeSpan.Zero),
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_compaction_truncation_and_restarts_do_everything_committed_is_there_once(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, List<(long Ms, ulong Bits)>>(StringComparer.Ordinal);
        string data = Path.Combine(_root, "data");
        TsdbDatabase database = await OpenAsync(data);
        for (int minute = 0; minute < 240; minute++)
        {
            Commit(database, model, random, StartMs + (minute * MinuteMs));
            if (random.Next(8) == 0)
            {
                Assert.True(database.Maintain());
            }

            if (random.Next(40) == 0)
            {
                if (random.Next(2) == 0)
                {
                    await database.DisposeAsync();
                    database = await OpenAsync(data);
                }
                else
                {
                    // As after a kill: a copy of the directory while everything is open.
                    string copy = Path.Combine(_root, $"killed{minute}");
                    database.PauseMaintenance(() => OpenDirectory.Copy(data, copy));
                    await database.DisposeAsync();
                    data = copy;
                    database = await OpenAsync(data);
                }
            }

            if (minute % 30 == 0)
            {
                HeadReading.AssertSame(model, HeadReading.ReadAll(database), $"seed {seed} minute {minute}");
            }
        }

        Assert.True(database.Maintain());
        HeadReading.AssertSame(model, HeadReading.ReadAll(database), $"seed {seed} at the end");
        Assert.True(database.Blocks.Count > 1 && database.Blocks.Any(block => block.Compaction.Level > 2), "The blocks were not compacted.");
        Assert.InRange(database.MaxTimeMs - database.Head.MinTimeMs, 0, 20 * MinuteMs);
        Assert.Equal(model.Values.Min(samples => samples[0].Ms), database.MinTimeMs);

        // What blocks have is not kept in the log a second time.
        Assert.InRange(Directory.GetFiles(Path.Combine(data, "wal"), "0*").Length, 1, 8);
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_view_sees_the_same_while_its_head_becomes_a_block()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        var model = new SortedDictionary<string, List<(long Ms, ulong Bits)>>(StringComparer.Ordinal);
        var random = new Random(3);
        for (int minute = 0; minute < 60; minute++)
        {
            Commit(database, model, random, StartMs + (minute * MinuteMs));
        }

        using (IQuerier view = database.OpenQuerier(TimeRange.All))
        {
            Assert.True(database.Maintain());
            Assert.NotEmpty(database.Blocks);
            HeadReading.AssertSame(model, HeadReading.ReadAll(view), "the view from before");
        }

        HeadReading.AssertSame(model, HeadReading.ReadAll(database), "a view from after");
    }

    [Fact]
    public async Task A_commit_that_makes_the_head_long_enough_starts_the_compaction()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"), s_small with { BlockReloadInterval = TimeSpan.FromDays(1) });
        var model = new SortedDictionary<string, List<(long Ms, ulong Bits)>>(StringComparer.Ordinal);
        for (int minute = 0; minute < 30; minute++)
        {
            Commit(database, model, new Random(minute), StartMs + (minute * MinuteMs));
        }

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (database.Blocks.Count == 0)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Retention_can_be_changed_while_it_runs()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"), s_small with { MaxBlockDuration = TimeSpan.FromMinutes(10) });
        var model = new SortedDictionary<string, List<(long Ms, ulong Bits)>>(StringComparer.Ordinal);
        for (int minute = 0; minute < 100; minute++)
        {
            Commit(database, model, new Random(minute), StartMs + (minute * MinuteMs));
        }

        Assert.True(database.Maintain());
        int before = database.Blocks.Count;
        Assert.True(before >= 8, $"{before} blocks");
        database.SetRetention(new RetentionLimits(TimeSpan.FromMinutes(30)));
        Assert.True(database.Maintain());
        Assert.Equal(3, database.Blocks.Count);
        database.SetRetention(new RetentionLimits(TimeSpan.Zero, Bytes: 1));
        Assert.True(database.Maintain());
        Assert.Empty(database.Blocks);
        Assert.NotEmpty(HeadReading.ReadAll(database));
    }

    [Fact]
    public async Task A_failed_compaction_loses_nothing_and_is_made_up_for()
    {
        string data = Path.Combine(_root, "data");
        var registry = new MetricRegistry();
        await using TsdbDatabase database = await TsdbDatabase.OpenAsync(data, s_small with { BlockReloadInterval = TimeSpan.FromDays(1) }, registry, TimeProvider.System, NullLogger.Instance);
        var model = new SortedDictionary<string, List<(long Ms, ulong Bits)>>(StringComparer.Ordinal);
        database.PauseMaintenance(() =>
        {
            for (int minute = 0; minute < 40; minute++)
            {
                Commit(database, model, new Random(minute), StartMs + (minute * MinuteMs));
            }

            // The disk goes away under it.
            Directory.Move(data, data + ".away");
        });
        bool first = database.Maintain();
        BringBack(data + ".away", data);
        Assert.False(first);
        HeadReading.AssertSame(model, HeadReading.ReadAll(database), "after the failure");
        Assert.True(database.Maintain());
        Assert.NotEmpty(database.Blocks);
        HeadReading.AssertSame(model, HeadReading.ReadAll(database), "after the second try");
    }

    // Files of full chunks are written in the background, and may have made the directory anew: those in it are in use, too.
    private static void BringBack(string from, string to)
    {
        while (Directory.Exists(from))
        {
            foreach (string file in Directory.Exists(to) ? Directory.GetFiles(to, "*", SearchOption.AllDirectories) : [])
            {
                string target = Path.Combine(from, Path.GetRelativePath(to, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Move(file, target);
            }

            if (Directory.Exists(to))
            {
                Directory.Delete(to, recursive: true);
            }

            try
            {
                Directory.Move(from, to);
            }
            catch (IOException) when (Directory.Exists(to))
            {
                // Made anew just now.
            }
        }
    }

    [PeerFact]
    public async Task Promtool_finds_in_the_blocks_what_was_committed()
    {
        string data = Path.Combine(_root, "data");
        var model = new SortedDictionary<string, List<(long Ms, ulong Bits)>>(StringComparer.Ordinal);
        await using (TsdbDatabase database = await OpenAsync(data))
        {
            for (int minute = 0; minute < 120; minute++)
            {
                Commit(database, model, new Random(minute), StartMs + (minute * MinuteMs));
            }

            Assert.True(database.Maintain());
        }

        // Blocks and log together: promtool replays what is still in the log.
        string dump = PeerDirectory.Promtool("tsdb", "dump", data);
        Assert.Equal(model.Values.Sum(samples => samples.Count), dump.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static Task<TsdbDatabase> OpenAsync(string data, TsdbOptions? options = null) =>
        TsdbDatabase.OpenAsync(data, options ?? s_small, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private static void Commit(TsdbDatabase database, SortedDictionary<string, List<(long Ms, ulong Bits)>> model, Random random, long nowMs)
    {
        using IAppender appender = database.OpenAppender();
        for (int i = 0; i < 12; i++)
        {
            // Some series come and go, so that the head has dead ones to collect.
            long generation = random.Next(3) == 0 ? (nowMs - StartMs) / (25 * MinuteMs) : 0;
            Labels labels = Labels.FromStrings("__name__", "m" + (i % 3), "i", $"{i}", "generation", $"{generation}");
            double value = random.Next(4) == 0 ? random.NextDouble() : random.Next(1000);
            long ms = nowMs + random.Next(50_000);
            appender.Append(appender.GetOrAddSeries(labels), ms, value);
            (model.TryGetValue(labels.ToString(), out List<(long, ulong)>? samples) ? samples : model[labels.ToString()] = [])
                .Add((ms, BitConverter.DoubleToUInt64Bits(value)));
        }

        Assert.Equal(12, appender.Commit().Appended);
    }
}
