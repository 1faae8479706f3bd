using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using MatchType = Narthex.Model.MatchType;

namespace Narthex.Tsdb.Tests.Head;

public sealed class HeadTruncationTests
{
    private const long StartMs = 1_700_000_000_000;
    private const long HourMs = 3_600_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_truncations_hide_and_free_what_is_old_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        var head = new HeadStorage();
        var model = new Dictionary<string, List<(long Ms, ulong Bits)>>();
        var views = new List<(IQuerier View, Dictionary<string, List<(long, ulong)>> Expected, int Step)>();
        var cached = new Dictionary<int, SeriesRef>();
        using IAppender appender = head.OpenAppender();
        long now = StartMs;
        long truncatedMs = long.MinValue;
        int unknown = 0;
        for (int step = 0; step < 1500; step++)
        {
            string context = $"seed {seed} step {step}";
            now += random.Next(120_000);
            int first = step / 10;
            for (int row = random.Next(30); row >= 0; row--)
            {
                // Series come and go; a few stay, and now and then an old one returns.
                int number = random.Next(10) == 0 ? random.Next(first + 20) : random.Next(4) == 0 ? random.Next(5) : first + random.Next(20);
                Labels labels = LabelsOf(number);
                double value = random.NextDouble();

                // As scrapes do: references are kept, and looked up again when they are unknown.
                if (!cached.TryGetValue(number, out SeriesRef series) || random.Next(20) == 0)
                {
                    cached[number] = series = appender.GetOrAddSeries(labels);
                }

                appender.Append(series, now + row, value);
                var rejected = new List<RejectedSample>();
                appender.Commit(rejected);
                if (rejected is [{ Error: AppendError.UnknownSeries }])
                {
                    unknown++;
                    cached[number] = series = appender.GetOrAddSeries(labels);
                    appender.Append(series, now + row, value);
                    rejected.Clear();
                    appender.Commit(rejected);
                }

                List<(long Ms, ulong Bits)> samples = model.TryGetValue(labels.ToString(), out List<(long, ulong)>? known) ? known : model[labels.ToString()] = [];
                if (samples.Count > 0 && samples[^1].Ms >= now + row)
                {
                    Assert.True(rejected.Count == 1, context);
                }
                else
                {
                    Assert.True(rejected.Count == 0, context + ": " + (rejected.Count > 0 ? rejected[0].Error : default));
                    samples.Add((now + row, BitConverter.DoubleToUInt64Bits(value)));
                }
            }

            if (random.Next(15) == 0)
            {
                truncatedMs = Math.Max(truncatedMs, now - HourMs - random.NextInt64(3 * HourMs));
                head.Truncate(truncatedMs);
                foreach (string name in model.Keys.ToArray())
                {
                    model[name] = [.. model[name].Where(sample => sample.Ms >= truncatedMs)];
                }
            }

            if (random.Next(10) == 0)
            {
                views.Add((head.OpenQuerier(TimeRange.All), model.ToDictionary(pair => pair.Key, pair => pair.Value.ToList()), step));
            }

            if (views.Count > 0 && random.Next(6) == 0)
            {
                int index = random.Next(views.Count);
                HeadReading.AssertSame(views[index].Expected, HeadReading.ReadAll(views[index].View), $"{context}: view of step {views[index].Step}");
                if (random.Next(3) > 0 || views.Count > 6)
                {
                    views[index].View.Dispose();
                    views.RemoveAt(index);
                }
            }

            if (step % 250 == 0)
            {
                // So that memory is reclaimed for sure, and not at the end only.
                views.ForEach(view => view.View.Dispose());
                views.Clear();
            }

            if (random.Next(10) == 0)
            {
                HeadReading.AssertSame(model, HeadReading.ReadAll(head), context);
            }
        }

        foreach ((IQuerier view, Dictionary<string, List<(long, ulong)>> expected, int step) in views)
        {
            HeadReading.AssertSame(expected, HeadReading.ReadAll(view), $"seed {seed}: view of step {step} at the end");
            view.Dispose();
        }

        Assert.True(head.Reclaim(), $"seed {seed}: something holds memory back");
        HeadReading.AssertSame(model, HeadReading.ReadAll(head), $"seed {seed}: at the end");
        int alive = model.Values.Count(samples => samples.Count > 0);

        // The oracle must have been challenged: slots were used again, and old references were recognised.
        Assert.True(unknown > 0, $"seed {seed}");
        Assert.True(head.SlotCount < head.Counters.SeriesCreated, $"seed {seed}: {head.SlotCount} slots for {head.Counters.SeriesCreated} series");
        Assert.InRange(head.SeriesCount, alive, model.Count);
    }

    [Fact]
    public void What_is_dropped_gives_its_memory_back_when_the_last_view_closes()
    {
        var head = new HeadStorage();
        Fill(head, 0, 500, StartMs, 400);
        long before = head.ReservedChunkBytes;
        IQuerier view = head.OpenQuerier(TimeRange.All);
        var seen = HeadReading.ReadAll(view);
        long later = StartMs + (3 * HourMs);
        Fill(head, 500, 510, later, 10);

        head.Truncate(later);

        Assert.False(head.Reclaim());
        Assert.True(head.ReservedChunkBytes >= before);
        HeadReading.AssertSame(seen, HeadReading.ReadAll(view), "the view from before");
        Assert.Equal(10, HeadReading.ReadAll(head).Count);

        view.Dispose();
        Assert.True(head.Reclaim());

        // Some slabs are kept for the next growth.
        Assert.True(before > 14 * 256 * 1024, $"{before} bytes");
        Assert.InRange(head.ReservedChunkBytes, 1, 10 * 256 * 1024);
        Assert.Equal(10, head.SeriesCount);
        Assert.Equal(10, head.ChunkCount);
        Assert.Equal(later, head.MinTimeMs);
        Assert.Equal(10 + 1 + 1, head.Index.Pairs.Count);
        Assert.Equal(500, head.Counters.SeriesRemoved);
        Fill(head, 5000, 5400, later + HourMs, 1);
        Assert.Equal(510u, head.SlotCount);
    }

    [Fact]
    public void A_reference_to_a_collected_series_is_unknown_even_when_its_slot_is_used_again()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        SeriesRef old = appender.GetOrAddSeries(LabelsOf(1));
        appender.Append(old, StartMs, 1);
        appender.Commit();
        head.Truncate(StartMs + 1);
        SeriesRef next = appender.GetOrAddSeries(LabelsOf(2));
        appender.Append(next, StartMs + 2, 2);
        appender.Append(old, StartMs + 2, 3);
        var rejected = new List<RejectedSample>();

        Assert.Equal(new CommitResult(1, 1, 0), appender.Commit(rejected));

        Assert.Equal(AppendError.UnknownSeries, Assert.Single(rejected).Error);
        Assert.Equal((uint)old.Value, (uint)next.Value);
        Assert.Equal([(StartMs + 2, BitConverter.DoubleToUInt64Bits(2.0))], Assert.Single(HeadReading.ReadAll(head)).Value);
    }

    [Fact]
    public void A_series_that_an_append_has_looked_up_is_not_collected()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        using IAppender other = head.OpenAppender();
        Fill(head, 0, 100, StartMs, 1);
        SeriesRef before = appender.GetOrAddSeries(LabelsOf(7));
        head.Truncate(StartMs + HourMs);
        Assert.False(head.Reclaim());
        SeriesRef after = other.GetOrAddSeries(LabelsOf(8));
        appender.Append(before, StartMs + HourMs, 1);
        Assert.Equal(new CommitResult(1, 0, 0), appender.Commit());

        // The other append began later, so that it holds nothing up; but what it looked up stays.
        Assert.True(head.Reclaim());
        Assert.Equal(2, head.SeriesCount);
        other.Append(after, StartMs + HourMs, 1);
        Assert.Equal(new CommitResult(1, 0, 0), other.Commit());
    }

    [Fact]
    public void Old_samples_are_refused_and_old_histograms_go_too()
    {
        var head = new HeadStorage();
        using IAppender appender = head.OpenAppender();
        SeriesRef series = appender.GetOrAddSeries(LabelsOf(1));
        for (int i = 0; i < 4; i++)
        {
            appender.Append(series, StartMs + i, new FloatHistogram { Count = i, Sum = i });
        }

        appender.Append(appender.GetOrAddSeries(LabelsOf(2)), StartMs, new FloatHistogram());
        Assert.Equal(5, appender.Commit().Appended);
        head.Truncate(StartMs + 2);

        Assert.Equal(1, head.Histograms.SeriesCount);
        Assert.Equal([StartMs + 2, StartMs + 3], Assert.Single(HeadReading.ReadAll(head)).Value.Select(sample => sample.Ms));
        appender.Append(appender.GetOrAddSeries(LabelsOf(3)), StartMs + 1, 1);
        var rejected = new List<RejectedSample>();
        appender.Commit(rejected);
        Assert.Equal(AppendError.OutOfBounds, Assert.Single(rejected).Error);
    }

    [Fact]
    public void Label_values_of_the_dead_are_gone()
    {
        var head = new HeadStorage();
        Fill(head, 0, 50, StartMs, 1);
        Fill(head, 50, 53, StartMs + HourMs, 1);
        using IQuerier old = head.OpenQuerier(TimeRange.All);
        head.Truncate(StartMs + HourMs);
        using IQuerier view = head.OpenQuerier(TimeRange.All);

        LabelMatcher[] some = [new(MatchType.Regex, "i", ".+")];
        Assert.Equal(["50", "51", "52"], view.GetLabelValues("i", some, 0, CancellationToken.None).Values);
        Assert.Equal(53, old.GetLabelValues("i", [], 0, CancellationToken.None).Values.Count);
        old.Dispose();
        view.Dispose();
        Assert.True(head.Reclaim());
        using IQuerier later = head.OpenQuerier(TimeRange.All);
        Assert.Equal(["50", "51", "52"], later.GetLabelValues("i", [], 0, CancellationToken.None).Values);
    }

    [Fact]
    public async Task Concurrent_appends_views_and_truncations_lose_and_mix_up_nothing()
    {
        // Each writer commits rounds with series that change every few rounds; value and time name the round, the label the writer's series.
        const int Writers = 3;
        const int Rounds = 1000;
        var head = new HeadStorage();
        int running = Writers;
        long slowestMs() => head.MaxTimeMs - (2 * HourMs);
        Task[] writers = [.. Enumerable.Range(0, Writers).Select(writer => OnThread(() =>
        {
            using IAppender appender = head.OpenAppender();
            var cached = new Dictionary<int, SeriesRef>();
            // On a busy machine it may take longer until slots are used again.
            for (int round = 0; round < Rounds || (round < 9 * Rounds && head.SlotCount == head.Counters.SeriesCreated); round++)
            {
                for (int i = 0; i < 20; i++)
                {
                    int number = (writer * 100_000) + (i < 5 ? i : (round / 7 * 20) + i);
                    if (!cached.TryGetValue(number, out SeriesRef series))
                    {
                        cached[number] = series = appender.GetOrAddSeries(LabelsOf(number));
                    }

                    appender.Append(series, StartMs + (round * 30_000), number + (round / 20_000.0));
                }

                var rejected = new List<RejectedSample>();
                appender.Commit(rejected);
                foreach (RejectedSample sample in rejected)
                {
                    // A writer that falls behind the others finds its series collected, or its time over.
                    Assert.True(sample.Error is AppendError.OutOfBounds or AppendError.UnknownSeries, $"{sample.Error}");
                    cached.Clear();
                }
            }

            Interlocked.Decrement(ref running);
        }))];
        Task truncator = OnThread(() =>
        {
            while (Volatile.Read(ref running) > 0)
            {
                if (head.MaxTimeMs != long.MinValue)
                {
                    head.Truncate(slowestMs());
                }
            }
        });
        Task[] readers = [.. Enumerable.Range(0, 2).Select(_ => OnThread(() =>
        {
            while (Volatile.Read(ref running) > 0)
            {
                using IQuerier view = head.OpenQuerier(TimeRange.All);
                var first = HeadReading.ReadAll(view);
                foreach ((string name, List<(long Ms, ulong Bits)> samples) in first)
                {
                    Assert.All(samples, sample =>
                    {
                        double value = BitConverter.UInt64BitsToDouble(sample.Bits);
                        Assert.Equal(LabelsOf((int)value).ToString(), name);
                        Assert.Equal((int)Math.Round((value - (int)value) * 20_000), (sample.Ms - StartMs) / 30_000);
                    });
                }

                HeadReading.AssertSame(first, HeadReading.ReadAll(view), "second reading of a view");
            }
        }))];

        await Task.WhenAll(writers);
        await truncator;
        await Task.WhenAll(readers);
        head.Truncate(slowestMs());
        Assert.True(head.Reclaim());
        Assert.True(head.Counters.SeriesRemoved > 500, $"{head.Counters.SeriesRemoved} series removed");
        Assert.True(head.SlotCount < head.Counters.SeriesCreated);
    }

    // A thread for each: with few cores the pool would start the last ones when the first are done.
    private static Task OnThread(Action action) =>
        Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    internal static Labels LabelsOf(int number) => Labels.FromStrings("__name__", "m", "i", $"{number}", "job", "x");

    internal static void Fill(HeadStorage head, int from, int to, long startMs, int samples)
    {
        using IAppender appender = head.OpenAppender();
        for (int i = 0; i < samples; i++)
        {
            for (int series = from; series < to; series++)
            {
                appender.Append(appender.GetOrAddSeries(LabelsOf(series)), startMs + (i * 15_000), Math.Sqrt((series * 31) + i));
            }

            appender.Commit();
        }
    }
}
