using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;

namespace Narthex.Tsdb.Tests.Head;

/// <summary>Random appends against the plainest storage there is: a list per series.</summary>
public sealed class HeadModelTests
{
    private const long StartMs = 1_700_000_000_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Views_show_what_was_committed_before_them_and_never_change(int seed)
    {
        var random = new Random(seed);
        var head = new HeadStorage();
        var model = new Dictionary<string, List<(long Ms, ulong Bits)>>();
        Labels[] labels = [.. Enumerable.Range(0, 40).Select(i => Labels.FromStrings("__name__", "m" + (i % 7), "i", $"{i}"))];
        using IAppender appender = head.OpenAppender();
        var views = new List<(IQuerier View, Dictionary<string, List<(long, ulong)>> Expected, int Step)>();
        long now = StartMs;
        for (int step = 0; step < 600; step++)
        {
            now += random.Next(40_000);
            Commit(random, appender, labels, model, now, $"seed {seed} step {step}");
            if (random.Next(10) == 0)
            {
                views.Add((head.OpenQuerier(TimeRange.All), model.ToDictionary(pair => pair.Key, pair => pair.Value.ToList()), step));
            }

            if (views.Count > 0 && random.Next(6) == 0)
            {
                int index = random.Next(views.Count);
                HeadReading.AssertSame(views[index].Expected, HeadReading.ReadAll(views[index].View), $"seed {seed}: view of step {views[index].Step} at step {step}");
                if (random.Next(2) == 0)
                {
                    views[index].View.Dispose();
                    views.RemoveAt(index);
                }
            }
        }

        foreach ((IQuerier view, Dictionary<string, List<(long, ulong)>> expected, int step) in views)
        {
            HeadReading.AssertSame(expected, HeadReading.ReadAll(view), $"seed {seed}: view of step {step} at the end");
            view.Dispose();
        }

        HeadReading.AssertSame(model, HeadReading.ReadAll(head), $"seed {seed}: at the end");
        for (int i = 0; i < 20; i++)
        {
            long from = StartMs + random.NextInt64(now - StartMs);
            var range = new TimeRange(from, from + random.NextInt64(now - from + 1));
            var expected = model.ToDictionary(pair => pair.Key, pair => pair.Value.Where(sample => range.Contains(sample.Ms)).ToList());
            HeadReading.AssertSame(expected, HeadReading.ReadAll(head, range), $"seed {seed}: range {range}");
        }

        // The oracle must have been challenged: several chunks per series.
        Assert.True(head.ChunkCount > 2 * head.SeriesCount, $"seed {seed}: {head.ChunkCount} chunks");
        Assert.Equal(model.Values.SelectMany(samples => samples).Min(sample => sample.Ms), head.MinTimeMs);
        Assert.Equal(model.Values.SelectMany(samples => samples).Max(sample => sample.Ms), head.MaxTimeMs);
    }

    [Fact]
    public async Task Concurrent_commits_are_seen_whole_or_not_at_all()
    {
        // Each writer commits rounds: all of its series get the same time and value. A view in which they differ saw a part.
        const int Writers = 3;
        const int SeriesPerWriter = 97;
        const int Rounds = 400;
        var head = new HeadStorage();
        int running = Writers;
        Task[] writers = [.. Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            using IAppender appender = head.OpenAppender();
            SeriesRef[] series = [.. Enumerable.Range(0, SeriesPerWriter).Select(i =>
                appender.GetOrAddSeries(Labels.FromStrings("__name__", "w" + writer, "i", $"{i}")))];
            for (int round = 0; round < Rounds; round++)
            {
                foreach (SeriesRef reference in series)
                {
                    appender.Append(reference, StartMs + (round * 1000), round * 1.5);
                }

                Assert.Equal(new CommitResult(SeriesPerWriter, 0, 0), appender.Commit());
            }

            Interlocked.Decrement(ref running);
        }))];
        Task<int>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            int views = 0;
            do
            {
                using IQuerier view = head.OpenQuerier(TimeRange.All);
                var first = HeadReading.ReadAll(view);
                foreach (IGrouping<string, KeyValuePair<string, List<(long Ms, ulong Bits)>>> writer in first.GroupBy(pair => pair.Key[..16]))
                {
                    Assert.Equal(SeriesPerWriter, writer.Count());
                    Assert.Single(writer.Select(pair => pair.Value.Count).Distinct());
                    Assert.All(writer, pair => Assert.Equal(Enumerable.Range(0, pair.Value.Count).Select(round => StartMs + (round * 1000L)), pair.Value.Select(sample => sample.Ms)));
                }

                HeadReading.AssertSame(first, HeadReading.ReadAll(view), "second reading of a view");
                views++;
            }
            while (Volatile.Read(ref running) > 0);
            return views;
        }))];

        await Task.WhenAll(writers);
        Assert.All(await Task.WhenAll(readers), views => Assert.True(views > 0));
        Assert.All(HeadReading.ReadAll(head).Values, samples => Assert.Equal(Rounds, samples.Count));
    }

    [Fact]
    public async Task Series_created_by_many_threads_at_once_exist_once()
    {
        var head = new HeadStorage();
        SeriesRef[][] found = await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            using IAppender appender = head.OpenAppender();
            return Enumerable.Range(0, 5000).Select(i => appender.GetOrAddSeries(Labels.FromStrings("__name__", "x", "i", $"{i}"))).ToArray();
        })));

        Assert.Equal(5000, head.SeriesCount);
        Assert.All(found, series => Assert.Equal(found[0], series));
        Assert.Equal(5000, found[0].Distinct().Count());
    }

    private static void Commit(
        Random random, IAppender appender, Labels[] labels, Dictionary<string, List<(long Ms, ulong Bits)>> model, long now, string context)
    {
        // Timestamps scatter a little around now, so that rows come in every order, and some repeat.
        var expectedErrors = new List<(int Row, AppendError Error)>();
        int appended = 0;
        var before = model.ToDictionary(pair => pair.Key, pair => pair.Value.Count);
        int count = random.Next(60);
        long newest = model.Count == 0 ? long.MinValue : model.Values.Where(samples => samples.Count > 0).Select(samples => samples[^1].Ms).DefaultIfEmpty(long.MinValue).Max();
        for (int row = 0; row < count; row++)
        {
            Labels series = labels[random.Next(labels.Length)];
            string key = series.ToString();
            List<(long Ms, ulong Bits)> samples = model.TryGetValue(key, out List<(long, ulong)>? known) ? known : model[key] = [];
            long timestamp = random.Next(8) switch
            {
                0 when samples.Count > 0 => samples[^1].Ms,
                1 => now - random.Next(100_000),
                2 when random.Next(10) == 0 => now - 3_600_000 - random.Next(7_200_000),
                _ => now + random.Next(3),
            };
            double value = random.Next(6) switch
            {
                0 when samples.Count > 0 => BitConverter.UInt64BitsToDouble(samples[^1].Bits),
                1 => StaleNaN.Value,
                2 => random.Next(100),
                3 => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)),
                _ => random.NextDouble(),
            };
            ulong bits = BitConverter.DoubleToUInt64Bits(value);
            appender.Append(appender.GetOrAddSeries(series), timestamp, value);
            AppendError error = newest != long.MinValue && timestamp < newest - 3_600_000 ? AppendError.OutOfBounds
                : samples.Count == 0 || timestamp > samples[^1].Ms ? AppendError.None
                : timestamp < samples[^1].Ms ? AppendError.OutOfOrder
                : bits == samples[^1].Bits ? AppendError.None : AppendError.DuplicateTimestamp;
            if (error != AppendError.None)
            {
                expectedErrors.Add((row, error));
            }
            else if (samples.Count == 0 || timestamp > samples[^1].Ms)
            {
                samples.Add((timestamp, bits));
                appended++;
            }
        }

        var rejected = new List<RejectedSample>();
        CommitResult result = appender.Commit(rejected);
        Assert.True(expectedErrors.SequenceEqual(rejected.Select(sample => (sample.Row, sample.Error))), context + ": other rejections");
        Assert.Equal(new CommitResult(appended, expectedErrors.Count, 0), result);
        Assert.Equal(appended, model.Sum(pair => pair.Value.Count - before.GetValueOrDefault(pair.Key)));
    }
}
