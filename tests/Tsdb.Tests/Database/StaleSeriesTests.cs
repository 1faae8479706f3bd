using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Tests.Chunks;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Head.ChunkFiles;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Series that went stale leave the head early, and nothing else changes: not for queries, not after kills.</summary>
public sealed class StaleSeriesTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-stale-").FullName;

    private static readonly TsdbOptions s_options = new()
    {
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
        OutOfOrderWindow = TimeSpan.FromHours(5),
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task They_go_into_blocks_and_come_back_when_they_have_samples_again(int seed)
    {
        var random = new Random(seed);
        var samples = new Samples(random);
        string data = Path.Combine(_root, "data");
        TsdbDatabase database = await OpenAsync(data);
        int evicted = 0;
        int kills = 0;
        for (int step = 0; step < 220; step++)
        {
            samples.Commit(database, step);
            Assert.InRange(database.Head.StaleSeriesCount, 0, samples.StaleCount);
            if (random.Next(10) == 0)
            {
                using IQuerier before = database.OpenQuerier(TimeRange.All);
                List<string> expected = samples.Sorted();
                long series = database.Head.SeriesCount;
                Assert.True(database.Maintain());
                samples.AssertSame(database, $"seed {seed} step {step} while a view is open");
                samples.AssertSame(expected, SampleLines.ReadAll(before), $"seed {seed} step {step}: the view");
                before.Dispose();
                while (!database.Head.Reclaim())
                {
                }

                evicted += (int)(series - database.Head.SeriesCount);
                samples.AssertSame(database, $"seed {seed} step {step} afterwards");
            }

            if (seed > 1 && random.Next(20) == 0)
            {
                database.WriteSnapshot();
            }

            if (random.Next(30) == 0)
            {
                bool killed = random.Next(3) > 0;
                string copy = Path.Combine(_root, $"copy{step}");
                if (killed)
                {
                    database.PauseMaintenance(() => HeadChunkWritingTests.CopyDirectory(data, copy));
                    data = copy;
                }

                long series = database.Head.SeriesCount;
                await database.DisposeAsync();
                database = await OpenAsync(data);
                samples.AssertSame(database, $"seed {seed} step {step} killed {killed}");
                Assert.True(database.Head.SeriesCount <= Math.Max(series, samples.Live + samples.StaleCount), $"seed {seed} step {step}");
                kills++;
            }
        }

        Assert.True(evicted > 30 && kills > 2, $"seed {seed}: {evicted} series evicted, {kills} starts");
        Assert.Contains(database.Blocks, block => block.Compaction.Hints?.Contains("from-stale-series") == true);
        await database.DisposeAsync();
    }

    [Fact]
    public async Task A_head_of_which_few_are_stale_keeps_them()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"), 0.5);
        for (int i = 0; i < 100; i++)
        {
            Append(database, $"s{i}", StartMs, 1);
            if (i < 49)
            {
                Append(database, $"s{i}", StartMs + 1, StaleNaN.Value);
            }
        }

        Assert.True(database.Maintain());
        Assert.Equal((49, 100, 0), (database.Head.StaleSeriesCount, database.Head.SeriesCount, database.Blocks.Count));
        Append(database, "s49", StartMs + 1, StaleNaN.Value);
        Assert.True(database.Maintain());
        Assert.True(database.Head.Reclaim());
        Assert.Equal((0, 50, 1), (database.Head.StaleSeriesCount, database.Head.SeriesCount, database.Blocks.Count));

        // Without a threshold they stay.
        database.SetStaleSeriesCompactionThreshold(0);
        for (int i = 50; i < 100; i++)
        {
            Append(database, $"s{i}", StartMs + 1, StaleNaN.Value);
        }

        Assert.True(database.Maintain());
        Assert.Equal((50, 50, 1), (database.Head.StaleSeriesCount, database.Head.SeriesCount, database.Blocks.Count));
    }

    private static async Task<TsdbDatabase> OpenAsync(string data, double threshold = 0.1)
    {
        TsdbDatabase database = await TsdbDatabaseTests.OpenAsync(data, s_options);
        database.SetStaleSeriesCompactionThreshold(threshold);
        return database;
    }

    private static void Append(TsdbDatabase database, string name, long timestampMs, double value, int number = 0)
    {
        using IAppender appender = database.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name, "i", $"{number}")), timestampMs, value);
        Assert.Equal(1, appender.Commit().Appended);
    }

    /// <summary>Series that live for a while, go stale, and now and then come back: floats and histograms.</summary>
    private sealed class Samples(Random random)
    {
        private const int SeriesCount = 60;
        private readonly HistogramSamples _histograms = new(random, HistogramKind.Counter);
        private readonly SortedDictionary<(string Series, long Ms), string> _lines = new(Comparer<(string Series, long Ms)>.Create((left, right) =>
            string.CompareOrdinal(left.Series, right.Series) is var order and not 0 ? order : left.Ms.CompareTo(right.Ms)));
        private readonly State[] _states = new State[SeriesCount];

        private enum State
        {
            New,
            Live,
            Stale,
        }

        public int StaleCount => _states.Count(state => state == State.Stale);

        public int Live => _states.Count(state => state == State.Live);

        public void Commit(TsdbDatabase database, int step)
        {
            using IAppender appender = database.OpenAppender();
            for (int i = 0; i < SeriesCount; i++)
            {
                State next = _states[i] switch
                {
                    State.Live => random.Next(20) == 0 ? State.Stale : State.Live,
                    _ => random.Next(30) == 0 ? State.Live : _states[i],
                };
                if (next == State.Live || next != _states[i])
                {
                    FloatHistogram? histogram = i % 3 != 0 ? null : next == State.Live ? _histograms.Next() : new FloatHistogram { Sum = StaleNaN.Value };
                    double value = next == State.Live ? random.NextDouble() : StaleNaN.Value;
                    string labels = Labels.FromStrings("__name__", "s", "i", $"{i}").ToString();
                    SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "s", "i", $"{i}"));
                    long ms = StartMs + (step * 15_000L);
                    if (histogram is null)
                    {
                        appender.Append(series, ms, value);
                    }
                    else
                    {
                        appender.Append(series, ms, histogram);
                    }

                    _lines.Add((labels, ms), SampleLines.Line(labels, ms, value, histogram));
                }

                _states[i] = next;
            }

            var rejected = new List<RejectedSample>();
            appender.Commit(rejected);
            Assert.Empty(rejected);
        }

        public List<string> Sorted() => [.. _lines.Values];

        public void AssertSame(TsdbDatabase database, string context) => AssertSame(Sorted(), SampleLines.ReadAll(database), context);

        public void AssertSame(List<string> expected, List<string> actual, string context)
        {
            SampleLines.AssertSame(expected, actual, context);
        }
    }
}
