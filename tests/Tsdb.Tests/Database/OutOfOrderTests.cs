using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Tests.Head;
using Narthex.Tsdb.Tests.Wal;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Samples in any order, against a model that just sorts them.</summary>
public sealed class OutOfOrderTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const long StartMs = 1_700_000_000_000 / (10 * MinuteMs) * (10 * MinuteMs);
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-late-").FullName;

    private static readonly TsdbOptions s_options = new()
    {
        MinBlockDuration = TimeSpan.FromMinutes(10),
        MaxBlockDuration = TimeSpan.FromMinutes(90),
        WalSegmentBytes = 32 * 1024,
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
        OutOfOrderWindow = TimeSpan.FromHours(10),
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_the_order_everything_is_there_once_through_compactions_restarts_and_kills(int seed)
    {
        var random = new Random(seed);
        var model = new Model();
        string data = Path.Combine(_root, "data");
        TsdbDatabase database = await OpenAsync(data);
        for (int minute = 0; minute < 100; minute++)
        {
            Commit(database, model, random, StartMs + (minute * MinuteMs));
            switch (random.Next(16))
            {
                case 0:
                    Assert.True(database.Maintain());
                    break;
                case 1:
                    database.CompactOutOfOrder();
                    break;
                case 2 when random.Next(2) == 0:
                    await database.DisposeAsync();
                    database = await OpenAsync(data);
                    break;
                case 3 when random.Next(2) == 0:
                    string copy = Path.Combine(_root, $"killed{minute}");
                    database.PauseMaintenance(() => OpenDirectory.Copy(data, copy));
                    await database.DisposeAsync();
                    data = copy;
                    database = await OpenAsync(data);
                    break;
                default:
                    break;
            }

            if (minute % 10 == 9)
            {
                HeadReading.AssertSame(model.Samples(), HeadReading.ReadAll(database), $"seed {seed} minute {minute}");
                var range = new TimeRange(StartMs + (random.Next(minute) * MinuteMs), StartMs + (minute * MinuteMs));
                HeadReading.AssertSame(model.Samples(range), HeadReading.ReadAll(database, range), $"seed {seed} minute {minute} from {range.MinMs}");
            }
        }

        database.CompactOutOfOrder();
        Assert.Contains(database.Blocks, block => block.IsOutOfOrder);
        Assert.False(database.Head.OutOfOrder.HasAny);
        Assert.Single(Directory.GetFiles(Path.Combine(data, "wbl")));
        HeadReading.AssertSame(model.Samples(), HeadReading.ReadAll(database), $"seed {seed} in blocks of their own");
        Assert.True(database.Maintain());
        HeadReading.AssertSame(model.Samples(), HeadReading.ReadAll(database), $"seed {seed} merged");
        await database.DisposeAsync();
    }

    [Fact]
    public void A_view_sees_nothing_of_later_commits_and_all_of_earlier_ones()
    {
        var head = new HeadStorage();
        head.SetOutOfOrderWindow(600 * MinuteMs);
        var model = new Model();
        var random = new Random(7);
        var views = new List<(IQuerier View, SortedDictionary<string, List<(long, ulong)>> Expected)>();
        for (int minute = 0; minute < 80; minute++)
        {
            Commit(head, model, random, StartMs + (minute * MinuteMs));
            views.Add((head.OpenQuerier(TimeRange.All), model.Samples()));
            if (minute % 9 == 8)
            {
                // What goes into blocks and away is still there for whoever saw it.
                head.DropOutOfOrder(head.CloseOutOfOrder(out int segment), segment);
                model.ForgetLate();
            }

            if (random.Next(3) == 0)
            {
                int closed = random.Next(views.Count);
                HeadReading.AssertSame(views[closed].Expected, HeadReading.ReadAll(views[closed].View), $"a view, closed in minute {minute}");
                views[closed].View.Dispose();
                views.RemoveAt(closed);
            }
        }

        foreach ((IQuerier view, SortedDictionary<string, List<(long, ulong)>> expected) in views)
        {
            HeadReading.AssertSame(expected, HeadReading.ReadAll(view), "a view at the end");
            view.Dispose();
        }

        Assert.NotEmpty(views);
    }

    // Answers, order by order, of Prometheus 3.5 with a window of an hour.
    [Fact]
    public void Samples_are_taken_and_refused_as_upstream_does()
    {
        var head = new HeadStorage();
        head.SetOutOfOrderWindow(60 * MinuteMs);
        Assert.Equal(AppendError.None, Append(head, "a", 0, 1));
        Assert.Equal(AppendError.None, Append(head, "a", -1, 2));
        Assert.Equal(AppendError.None, Append(head, "a", -1, 3)); // There already: not stored, not refused.
        Assert.Equal(AppendError.DuplicateTimestamp, Append(head, "a", 0, 9));
        Assert.Equal(AppendError.None, Append(head, "a", 0, 1));
        Assert.Equal(AppendError.TooOld, Append(head, "a", -61, 3));
        Assert.Equal(AppendError.TooOld, Append(head, "new", -61, 3));
        Assert.Equal(AppendError.None, Append(head, "b", -3, 1));
        Assert.Equal(AppendError.None, Append(head, "b", -2, 2));
        Assert.Equal(AppendError.None, Append(head, "b", -1, 3));
        Assert.Equal(AppendError.None, Append(head, "b", -2, 99)); // Stored, and what is in order wins.
        Assert.Equal(AppendError.None, Append(head, "b", -4, 97));
        SortedDictionary<string, List<(long Ms, ulong Bits)>> samples = HeadReading.ReadAll(head);
        Assert.Equal([(StartMs - MinuteMs, 2.0), (StartMs, 1.0)], Values(samples["{__name__=\"a\"}"]));
        Assert.Equal([(StartMs - (4 * MinuteMs), 97.0), (StartMs - (3 * MinuteMs), 1.0), (StartMs - (2 * MinuteMs), 2.0), (StartMs - MinuteMs, 3.0)], Values(samples["{__name__=\"b\"}"]));
        Assert.Equal(3, head.Counters.OutOfOrderFloatsAppended);
        Assert.Equal(2, head.Counters.TooOldSamples);
        Assert.Equal(0, head.Counters.OutOfOrderSamples + head.Counters.OutOfBoundSamples);

        head.SetOutOfOrderWindow(0);
        Assert.Equal(AppendError.OutOfOrder, Append(head, "a", -1, 2));
        Assert.Equal(AppendError.OutOfBounds, Append(head, "a", -61, 2));
        Assert.Equal(1, head.Counters.OutOfOrderSamples);
    }

    [Fact]
    public async Task Without_a_window_there_is_no_log_and_one_that_is_there_is_replayed_all_the_same()
    {
        string data = Path.Combine(_root, "data");
        var model = new Model();
        await using (TsdbDatabase database = await OpenAsync(data, s_options with { OutOfOrderWindow = TimeSpan.Zero }))
        {
            Assert.Equal(AppendError.None, Append(database, "a", 0, 1));
            Assert.Equal(AppendError.OutOfOrder, Append(database, "a", -1, 1));
            Assert.False(Directory.Exists(Path.Combine(data, "wbl")));
            database.SetOutOfOrderWindow(TimeSpan.FromHours(1));
            Assert.Equal(AppendError.None, Append(database, "a", -1, 1));
        }

        await using (TsdbDatabase database = await OpenAsync(data, s_options with { OutOfOrderWindow = TimeSpan.Zero }))
        {
            Assert.Equal(2, HeadReading.ReadAll(database).Single().Value.Count);
            Assert.Equal(AppendError.OutOfOrder, Append(database, "a", -2, 1));
        }
    }

    [Fact]
    public async Task A_log_torn_anywhere_gives_the_commits_before_the_tear()
    {
        string data = Path.Combine(_root, "data");
        await using (TsdbDatabase database = await OpenAsync(data))
        {
            Append(database, "a", 0, 0);
            for (int i = 1; i <= 40; i++)
            {
                Append(database, "a", -i, i);
            }

            OpenDirectory.Copy(data, Path.Combine(_root, "killed"));
        }

        long length = new FileInfo(Path.Combine(_root, "killed", "wbl", "00000000")).Length;
        int former = -1;
        for (long cut = 0; cut <= length; cut += 37)
        {
            string copy = Path.Combine(_root, $"cut{cut}");
            OpenDirectory.Copy(Path.Combine(_root, "killed"), copy);
            using (FileStream log = File.OpenWrite(Path.Combine(copy, "wbl", "00000000")))
            {
                log.SetLength(cut);
            }

            await using TsdbDatabase database = await OpenAsync(copy);
            List<(long Ms, double Value)> samples = Values(HeadReading.ReadAll(database).Single().Value);
            Assert.Equal(Enumerable.Range(0, samples.Count).Select(i => (StartMs - ((samples.Count - 1 - i) * MinuteMs), (double)(samples.Count - 1 - i))), samples);
            Assert.True(samples.Count >= former, $"cut at {cut}");
            former = samples.Count;

            // And it goes on.
            Assert.Equal(AppendError.None, Append(database, "a", -50, 50));
            Assert.Equal(samples.Count + 1, HeadReading.ReadAll(database).Single().Value.Count);
        }

        Assert.InRange(former, 38, 41);
    }

    [Fact]
    public void A_full_disk_refuses_what_came_out_of_order_and_keeps_the_rest()
    {
        var head = new HeadStorage();
        head.SetOutOfOrderWindow(60 * MinuteMs);
        var files = new MemoryWalFiles();
        using WalWriter log = WalWriter.Open("wbl", new WalWriterOptions { Files = files });
        head.AttachOutOfOrderLog(log);
        Append(head, "a", 0, 1);
        files.FreeBytes = 5;
        using (IAppender appender = head.OpenAppender())
        {
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "a"));
            appender.Append(series, StartMs - MinuteMs, 2);
            appender.Append(series, StartMs + MinuteMs, 3);
            Assert.Throws<StorageException>(() => appender.Commit());
        }

        Assert.Equal([(StartMs, 1.0), (StartMs + MinuteMs, 3.0)], Values(HeadReading.ReadAll(head).Single().Value));
        files.FreeBytes = long.MaxValue;
        Assert.Equal(AppendError.None, Append(head, "a", -1, 2));
        Assert.Equal(3, HeadReading.ReadAll(head).Single().Value.Count);
    }

    [Fact]
    public async Task Histograms_and_floats_mix_in_memory_log_and_blocks()
    {
        string data = Path.Combine(_root, "data");
        var expected = new List<(long Ms, double Value)> { (StartMs, 0) };
        TsdbDatabase database = await OpenAsync(data);
        Append(database, "a", 0, 0);
        foreach (int minute in Enumerable.Range(1, 100).OrderBy(minute => minute * 37 % 101))
        {
            long ms = StartMs - (minute * MinuteMs);
            using IAppender appender = database.OpenAppender();
            SeriesRef series = appender.GetOrAddSeries(Labels.FromStrings("__name__", "a"));
            if (minute % 3 == 0)
            {
                appender.Append(series, ms, minute);
            }
            else
            {
                appender.Append(series, ms, new FloatHistogram { Count = 1, ZeroCount = 1, Sum = minute });
            }

            Assert.Equal(new CommitResult(1, 0, 0), appender.Commit());
            expected.Insert(0, (ms, minute));
        }

        expected.Sort();
        Assert.Equal(expected, Values(HeadReading.ReadAll(database).Single().Value));
        await database.DisposeAsync();
        database = await OpenAsync(data);
        Assert.Equal(expected, Values(HeadReading.ReadAll(database).Single().Value));
        database.CompactOutOfOrder();
        Assert.Equal(expected, Values(HeadReading.ReadAll(database).Single().Value));
        Assert.Equal(67UL, database.Blocks.Aggregate(0UL, (sum, block) => sum + block.Stats.NumHistogramSamples));
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Deleted_samples_stay_deleted_in_blocks()
    {
        await using TsdbDatabase database = await OpenAsync(Path.Combine(_root, "data"));
        Append(database, "a", 0, 0);
        for (int i = 1; i <= 40; i++)
        {
            Append(database, "a", -i, i);
        }

        database.DeleteSeries([], new TimeRange(StartMs - (30 * MinuteMs), StartMs - (20 * MinuteMs)), CancellationToken.None);
        Assert.Equal(30, HeadReading.ReadAll(database).Single().Value.Count);
        database.CompactOutOfOrder();
        Assert.Equal(30, HeadReading.ReadAll(database).Single().Value.Count);
        Assert.Equal(30, database.Blocks.Sum(block => (long)block.Stats.NumSamples) + 1);
    }

    private static Task<TsdbDatabase> OpenAsync(string data, TsdbOptions? options = null) =>
        TsdbDatabase.OpenAsync(data, options ?? s_options, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);

    private static AppendError Append(IAppendable storage, string name, int minute, double value)
    {
        using IAppender appender = storage.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), StartMs + (minute * MinuteMs), value);
        var rejected = new List<RejectedSample>();
        appender.Commit(rejected);
        return rejected.Count == 0 ? AppendError.None : rejected[0].Error;
    }

    private static List<(long Ms, double Value)> Values(List<(long Ms, ulong Bits)> samples) =>
        [.. samples.Select(sample => (sample.Ms, BitConverter.UInt64BitsToDouble(sample.Bits)))];

    // Half of the samples are new, the others up to hours late; some are sent twice. A value follows from series and time, so that it does not matter which of two is kept.
    private static void Commit(IAppendable storage, Model model, Random random, long nowMs)
    {
        long oldestMs = storage is HeadStorage { MaxTimeMs: not long.MinValue } head ? head.MaxTimeMs - (head.ChunkRangeMs / 2) : long.MinValue;
        using IAppender appender = storage.OpenAppender();
        for (int i = 0; i < 12; i++)
        {
            Labels labels = Labels.FromStrings("__name__", "m" + (i % 3), "i", $"{random.Next(6)}");
            long backMs = random.Next(2) == 0 ? random.Next(1000) : random.NextInt64(Math.Min(nowMs - StartMs + MinuteMs, 300 * MinuteMs));
            long ms = nowMs - (backMs / 500 * 500);
            double value = (ms - StartMs) / 500.0;
            appender.Append(appender.GetOrAddSeries(labels), ms, value);
            model.Add(labels.ToString(), ms, value, oldestMs);
        }

        Assert.Equal(0, appender.Commit().Rejected);
    }

    /// <summary>What there must be: sorted by time, and for each sample whether it came in order.</summary>
    private sealed class Model
    {
        private readonly SortedDictionary<string, SortedDictionary<long, (ulong Bits, bool Late)>> _series = new(StringComparer.Ordinal);

        public void Add(string series, long ms, double value, long oldestMs)
        {
            if (!_series.TryGetValue(series, out SortedDictionary<long, (ulong, bool)>? samples))
            {
                _series.Add(series, samples = []);
            }

            bool late = ms < oldestMs || samples.Where(sample => !sample.Value.Item2).Select(sample => sample.Key).DefaultIfEmpty(long.MinValue).Max() > ms;
            samples.TryAdd(ms, (BitConverter.DoubleToUInt64Bits(value), late));
        }

        public void ForgetLate()
        {
            foreach (SortedDictionary<long, (ulong, bool)> samples in _series.Values)
            {
                foreach (long ms in samples.Where(sample => sample.Value.Item2).Select(sample => sample.Key).ToArray())
                {
                    samples.Remove(ms);
                }
            }
        }

        public SortedDictionary<string, List<(long Ms, ulong Bits)>> Samples(TimeRange? range = null)
        {
            var all = new SortedDictionary<string, List<(long, ulong)>>(StringComparer.Ordinal);
            foreach ((string series, SortedDictionary<long, (ulong Bits, bool Late)> samples) in _series)
            {
                all.Add(series, [.. samples.Where(sample => range?.Contains(sample.Key) != false).Select(sample => (sample.Key, sample.Value.Bits))]);
            }

            return all;
        }
    }
}
