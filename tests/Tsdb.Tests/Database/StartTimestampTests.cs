using Microsoft.Extensions.Logging.Abstractions;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Index;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Database;

/// <summary>Samples with start timestamps, against a model that just sorts them.</summary>
public sealed class StartTimestampTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const long StartMs = 1_700_000_000_000 / (10 * MinuteMs) * (10 * MinuteMs);
    private static readonly LabelMatcher[] s_everything = [new(MatchType.NotEqual, "__name__", "")];
    private readonly string _root = Directory.CreateTempSubdirectory("narthex-starts-").FullName;

    private static readonly TsdbOptions s_options = new()
    {
        MinBlockDuration = TimeSpan.FromMinutes(10),
        MaxBlockDuration = TimeSpan.FromMinutes(90),
        WalSegmentBytes = 32 * 1024,
        BlockReloadInterval = TimeSpan.FromDays(1),
        Retention = new RetentionLimits(TimeSpan.Zero),
        OutOfOrderWindow = TimeSpan.FromHours(10),
        FloatEncoding = ChunkEncoding.Xor2,
        KeepStartTimestamps = true,
        HistogramsWithStarts = true,
    };

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Starts_stay_with_their_samples_through_compactions_restarts_and_kills(int seed)
    {
        var random = new Random(seed);
        var model = new SortedDictionary<string, SortedDictionary<long, (ulong, long)>>(StringComparer.Ordinal);
        TsdbOptions options = s_options with { SnapshotOnClose = seed % 2 == 1 };
        string data = Path.Combine(_root, "data");
        TsdbDatabase database = await OpenAsync(data, options);
        for (int minute = 0; minute < 100; minute++)
        {
            Commit(database, model, random, minute);
            switch (random.Next(16))
            {
                case 0:
                    Assert.True(database.Maintain());
                    break;
                case 1:
                    database.CompactOutOfOrder();
                    break;
                case 2:
                    database.Head.WriteClosedChunks();
                    break;
                case 3 when random.Next(2) == 0:
                    await database.DisposeAsync();
                    database = await OpenAsync(data, options);
                    break;
                case 4 when random.Next(2) == 0:
                    string copy = Path.Combine(_root, $"killed{minute}");
                    database.PauseMaintenance(() => OpenDirectory.Copy(data, copy));
                    await database.DisposeAsync();
                    data = copy;
                    database = await OpenAsync(data, options);
                    break;
                default:
                    break;
            }

            if (minute % 10 == 9)
            {
                AssertSame(model, Read(database), $"seed {seed} minute {minute}");
            }
        }

        database.CompactOutOfOrder();
        Assert.True(database.Maintain());
        AssertSame(model, Read(database), $"seed {seed} at the end");
        await database.DisposeAsync();

        // Who no longer keeps starts, keeps those that are there, as long as new chunks could hold them.
        database = await OpenAsync(data, s_options with { KeepStartTimestamps = false });
        AssertSame(model, Read(database), $"seed {seed} without the feature");
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Blocks_have_chunks_that_hold_starts_and_records_are_of_the_second_generation()
    {
        string data = Path.Combine(_root, "data");
        var model = new SortedDictionary<string, SortedDictionary<long, (ulong, long)>>(StringComparer.Ordinal);
        await using TsdbDatabase database = await OpenAsync(data, s_options with { OutOfOrderWindow = TimeSpan.Zero });
        for (int minute = 0; minute < 40; minute++)
        {
            Commit(database, model, new Random(minute), minute, late: false);
        }

        Assert.True(database.Maintain());

        Assert.NotEmpty(database.Blocks);
        Assert.All(database.Blocks, block => Assert.Equal([ChunkEncoding.Xor2, ChunkEncoding.HistogramWithStarts], EncodingsOf(Path.Combine(data, block.Ulid.ToString()))));
        AssertSame(model, Read(database), "after compaction");
    }

    [Fact]
    public void Chunks_that_cannot_hold_starts_are_cut_only_where_starts_are_kept()
    {
        var keeping = new HeadStorage(new HeadOptions { FloatEncoding = ChunkEncoding.Xor2, KeepStartTimestamps = true });
        Assert.Throws<ArgumentException>(() => keeping.FloatEncoding = ChunkEncoding.Xor);
        Assert.Throws<ArgumentException>(() => new HeadStorage(new HeadOptions { KeepStartTimestamps = true }));
        Assert.Throws<ArgumentException>(() => keeping.FloatEncoding = ChunkEncoding.Histogram);

        var head = new HeadStorage();
        AppendFloats(head, 0, 5);
        head.FloatEncoding = ChunkEncoding.Xor2;
        AppendFloats(head, 5, 10);
        Assert.Equal(1, head.ChunkCount);
        Assert.Equal(ChunkEncoding.Xor, head.CopySeries(0, default).OpenEncoding);

        // The next chunk is one of the new kind.
        AppendFloats(head, 10, 150);
        Assert.Equal(ChunkEncoding.Xor2, head.CopySeries(0, default).OpenEncoding);
        Assert.Equal(Enumerable.Range(0, 150).Select(i => (StartMs + (i * 15_000L), i % 7 == 6 ? StaleNaN.Bits : BitConverter.DoubleToUInt64Bits(i / 3))), Read(head).Single().Value.Select(sample => (sample.Key, sample.Value.Bits)));
    }

    [Fact]
    public void The_same_sample_again_is_taken_and_another_one_refused_behind_staleness_markers_too()
    {
        var head = new HeadStorage(new HeadOptions { FloatEncoding = ChunkEncoding.Xor2 });
        Labels labels = Labels.FromStrings("__name__", "m");
        using IAppender appender = head.OpenAppender();
        appender.Append(appender.GetOrAddSeries(labels), StartMs, 5);
        appender.Append(appender.GetOrAddSeries(labels), StartMs + 1, StaleNaN.Value);
        Assert.Equal(0, appender.Commit().Rejected);
        appender.Append(appender.GetOrAddSeries(labels), StartMs + 1, StaleNaN.Value);
        Assert.Equal(0, appender.Commit().Rejected);
        appender.Append(appender.GetOrAddSeries(labels), StartMs + 1, 5);
        Assert.Equal(1, appender.Commit().Rejected);
    }

    [Fact]
    public void Samples_of_the_longest_kind_fit_wherever_a_chunk_ends()
    {
        var head = new HeadStorage(new HeadOptions { FloatEncoding = ChunkEncoding.Xor2, KeepStartTimestamps = true, ChunkRangeMs = long.MaxValue / 4 });
        var random = new Random(5);
        var expected = new List<(long, ulong, long)>();
        long time = -1L << 61;
        using IAppender appender = head.OpenAppender();
        for (int i = 0; i < 2000; i++)
        {
            time += i % 3 == 0 ? 1L << random.Next(40, 50) : random.Next(1, 1 << random.Next(1, 25));
            ulong bits = (ulong)random.NextInt64(long.MinValue, long.MaxValue);
            long start = random.NextInt64(long.MinValue, long.MaxValue);
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "m")), time, BitConverter.UInt64BitsToDouble(bits));
            appender.SetStartTimestamp(start);
            expected.Add((time, bits, start));
            Assert.Equal(0, appender.Commit().Rejected);
        }

        Assert.Equal(expected, Read(head).Single().Value.Select(sample => (sample.Key, sample.Value.Bits, sample.Value.Start)));
    }

    // As upstream's appender does it with EnableSTAsZeroSample.
    [Fact]
    public void Zeros_come_before_the_first_sample_behind_a_start_and_nowhere_else()
    {
        var head = new HeadStorage(new HeadOptions { StartTimestampsAsZeros = true });
        head.SetOutOfOrderWindow(100 * MinuteMs);
        using IAppender appender = head.OpenAppender();
        Assert.True(appender.WantsStartTimestamps);
        void Commit(string name, long minute, double value, double startMinute)
        {
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", name)), StartMs + (minute * MinuteMs), value);
            appender.SetStartTimestamp((long)(StartMs + (startMinute * MinuteMs)));
            Assert.Equal(new CommitResult(1, 0, 0), appender.Commit());
        }

        Commit("a", 1, 10, 0.5);
        Commit("a", 2, 20, 0.5); // Counting since the same time.
        Commit("a", 3, 5, 2.5); // Begun anew.
        Commit("a", 4, 6, 3); // The start is that of a sample.
        Commit("a", 5, 7, 5); // The start is not before the sample.
        Commit("a", 6, 8, 9);
        Commit("b", 6, 1, -70); // Older than what the head takes in order: the window is not for zeros.
        Commit("c", 7, 3, 6.5);

        double[] Values(string name) => [.. Read(head)[$"{{__name__=\"{name}\"}}"].Values.Select(sample => BitConverter.UInt64BitsToDouble(sample.Bits))];
        Assert.Equal([0, 10, 20, 0, 5, 6, 7, 8], Values("a"));
        Assert.Equal([1], Values("b"));
        Assert.Equal([0, 3], Values("c"));
        Assert.All(Read(head).Values, series => Assert.All(series.Values, sample => Assert.Equal(0, sample.Start)));
        Assert.Equal(0, head.Counters.OutOfOrderSamples + head.Counters.OutOfBoundSamples + head.Counters.TooOldSamples);
    }

    [Fact]
    public void Zero_histograms_have_the_layout_of_what_follows_and_say_that_it_was_reset()
    {
        var head = new HeadStorage(new HeadOptions { StartTimestampsAsZeros = true });
        using IAppender appender = head.OpenAppender();
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "h")), StartMs, Histogram(3));
        appender.SetStartTimestamp(StartMs - MinuteMs);
        appender.Commit();

        using IQuerier view = head.OpenQuerier(TimeRange.All);
        using ISeriesSelection selection = view.Select(default, s_everything, CancellationToken.None);
        using var samples = new SampleBuffer();
        selection.ReadSamples(0, samples);
        Assert.Equal([StartMs - MinuteMs, StartMs], samples.Timestamps.ToArray());
        FloatHistogram zero = samples.Histograms[0]!;
        Assert.Equal((0.0, 0.0, 0, 0.001), (zero.Count, zero.Sum, zero.Schema, zero.ZeroThreshold));
        Assert.Equal(3, samples.Histograms[1]!.Sum);
    }

    [Fact]
    public void Without_a_use_for_them_starts_are_not_wanted_and_leave_no_trace()
    {
        var head = new HeadStorage(new HeadOptions { FloatEncoding = ChunkEncoding.Xor2 });
        using IAppender appender = head.OpenAppender();
        Assert.False(appender.WantsStartTimestamps);
        appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "m")), StartMs, 1);
        appender.SetStartTimestamp(StartMs - 1);
        appender.Commit();

        Assert.Equal([(BitConverter.DoubleToUInt64Bits(1), 0L)], Read(head).Single().Value.Values);
    }

    private static void AppendFloats(HeadStorage head, int from, int to)
    {
        using IAppender appender = head.OpenAppender();
        for (int i = from; i < to; i++)
        {
            appender.Append(appender.GetOrAddSeries(Labels.FromStrings("__name__", "m")), StartMs + (i * 15_000L), i % 7 == 6 ? StaleNaN.Value : i / 3);
        }

        Assert.Equal(0, appender.Commit().Rejected);
    }

    private static FloatHistogram Histogram(double sum) => new()
    {
        Schema = 0,
        ZeroThreshold = 0.001,
        Count = 3,
        ZeroCount = 1,
        Sum = sum,
        PositiveSpans = [new HistogramSpan(0, 2)],
        PositiveBuckets = [1, 1],
    };

    // Series differ in what their starts are like; the last two are histograms. Some samples come late.
    private static void Commit(
        IAppendable storage, SortedDictionary<string, SortedDictionary<long, (ulong, long)>> model, Random random, int minute, bool late = true)
    {
        using IAppender appender = storage.OpenAppender();
        for (int series = 0; series < 8; series++)
        {
            Labels labels = Labels.FromStrings("__name__", "m" + series);
            bool isLate = late && minute > 3 && random.Next(6) == 0;
            long ms = StartMs + ((minute - (isLate ? random.Next(minute) : 0)) * MinuteMs) + (isLate ? random.Next(1, 60_000) : 0);
            long start = (series % 6) switch
            {
                0 => 0,
                1 => StartMs - 5000,
                2 => ms - MinuteMs,
                3 => StartMs + (minute / 25 * 25 * MinuteMs) - 1,
                4 => random.Next(2) == 0 ? 0 : ms - random.Next(100_000),
                _ => minute < 50 ? 0 : StartMs,
            };
            double value = ms - StartMs;
            if (!model.TryGetValue(labels.ToString(), out SortedDictionary<long, (ulong, long)>? samples))
            {
                samples = [];
                model.Add(labels.ToString(), samples);
            }

            if (!samples.TryAdd(ms, (BitConverter.DoubleToUInt64Bits(value), start)))
            {
                continue;
            }

            SeriesRef reference = appender.GetOrAddSeries(labels);
            if (series < 6)
            {
                appender.Append(reference, ms, value);
            }
            else
            {
                appender.Append(reference, ms, Histogram(value));
            }

            appender.SetStartTimestamp(start);
        }

        Assert.Equal(0, appender.Commit().Rejected);
    }

    private static SortedDictionary<string, SortedDictionary<long, (ulong Bits, long Start)>> Read(IQueryableStorage storage)
    {
        var result = new SortedDictionary<string, SortedDictionary<long, (ulong, long)>>(StringComparer.Ordinal);
        using IQuerier querier = storage.OpenQuerier(TimeRange.All);
        using ISeriesSelection selection = querier.Select(new SelectHints { Function = "" }, s_everything, CancellationToken.None);
        using var buffer = new SampleBuffer();
        for (int i = 0; i < selection.Count; i++)
        {
            buffer.Clear();
            selection.ReadSamples(i, buffer);
            var samples = new SortedDictionary<long, (ulong, long)>();
            for (int j = 0; j < buffer.Count; j++)
            {
                samples.Add(buffer.Timestamps[j], (BitConverter.DoubleToUInt64Bits(buffer.Values[j]), buffer.HasStartTimestamps ? buffer.StartTimestamps[j] : 0));
            }

            result.Add(selection.GetLabels(i).ToString(), samples);
        }

        return result;
    }

    private static void AssertSame(
        SortedDictionary<string, SortedDictionary<long, (ulong, long)>> expected,
        SortedDictionary<string, SortedDictionary<long, (ulong, long)>> actual,
        string context)
    {
        Assert.True(expected.Keys.SequenceEqual(actual.Keys), $"{context}: other series");
        foreach ((string name, SortedDictionary<long, (ulong, long)> samples) in expected)
        {
            int different = samples.Zip(actual[name]).TakeWhile(pair => pair.First.Equals(pair.Second)).Count();
            Assert.True(
                samples.SequenceEqual(actual[name]),
                $"{context}: {name} has {actual[name].Count} samples, expected {samples.Count}; from {different} on: {samples.ElementAtOrDefault(different)} became {actual[name].ElementAtOrDefault(different)}");
        }
    }

    private static ChunkEncoding[] EncodingsOf(string block)
    {
        using BlockReader reader = BlockReader.Open(block);
        var found = new SortedSet<ChunkEncoding>();
        PostingsView all = reader.Index.GetPostings(default, default);
        for (int i = 0; i < all.Count; i++)
        {
            SeriesChunks chunks = reader.Index.ReadChunks(all[i]);
            while (chunks.MoveNext())
            {
                reader.ReadChunk(chunks.Current, out ChunkEncoding encoding);
                found.Add(encoding);
            }
        }

        return [.. found];
    }

    private static Task<TsdbDatabase> OpenAsync(string data, TsdbOptions options) =>
        TsdbDatabase.OpenAsync(data, options, new MetricRegistry(), TimeProvider.System, NullLogger.Instance);
}
