using Narthex.Model;

namespace Narthex.Storage.Tests;

public sealed class SampleBufferTests
{
    [Fact]
    public void Samples_come_back_as_they_were_appended_however_the_buffer_grew()
    {
        const int Seed = 11;
        var random = new Random(Seed);
        using var buffer = new SampleBuffer();
        for (int round = 0; round < 20; round++)
        {
            buffer.Clear();
            var expected = new List<(long Time, double Value, FloatHistogram? Histogram)>();
            int count = random.Next(0, 2000);
            while (expected.Count < count)
            {
                long time = (expected.Count * 15_000L) + random.Next(10);
                switch (random.Next(10))
                {
                    case 0:
                        var histogram = new FloatHistogram { Sum = random.NextDouble() };
                        buffer.Append(time, histogram);
                        expected.Add((time, histogram.Sum, histogram));
                        break;
                    case 1:
                        buffer.Reserve(5, out Span<long> times, out Span<double> values);
                        (times[0], values[0]) = (time, 1);
                        (times[1], values[1]) = (time + 1, 2);
                        buffer.Advance(2);
                        expected.Add((time, 1, null));
                        expected.Add((time + 1, 2, null));
                        break;
                    default:
                        buffer.Append(time, expected.Count);
                        expected.Add((time, expected.Count, null));
                        break;
                }
            }

            Assert.Equal(expected.Count, buffer.Count);
            Assert.Equal(expected.Select(sample => sample.Time), buffer.Timestamps.ToArray());
            Assert.Equal(expected.Select(sample => sample.Value), buffer.Values.ToArray());
            Assert.Equal(expected.Exists(sample => sample.Histogram is not null), buffer.HasHistograms);
            if (buffer.HasHistograms)
            {
                Assert.Equal(expected.Select(sample => sample.Histogram), buffer.Histograms.ToArray());
            }
        }
    }

    [Fact]
    public void What_was_truncated_is_gone_and_leaves_no_histogram_behind()
    {
        using var buffer = new SampleBuffer();
        buffer.Append(1, 1.5);
        buffer.Append(2, new FloatHistogram { Sum = 2 });
        buffer.Truncate(1);
        buffer.Append(3, 3.5);
        Assert.Equal([1, 3], buffer.Timestamps.ToArray());
        Assert.Equal([1.5, 3.5], buffer.Values.ToArray());
        Assert.All(buffer.Histograms.ToArray(), Assert.Null);
    }

    [Fact]
    public void Start_timestamps_stay_with_their_samples_through_growth_removal_and_copying()
    {
        const int Seed = 12;
        var random = new Random(Seed);
        using var buffer = new SampleBuffer();
        for (int round = 0; round < 30; round++)
        {
            buffer.Clear();
            Assert.False(buffer.HasStartTimestamps);
            var expected = new List<(long Time, long Start)>();
            int count = random.Next(1, 1000);
            while (expected.Count < count)
            {
                long time = 1000L + expected.Count;
                long start = random.Next(3) == 0 ? time - random.Next(500) : 0;
                if (random.Next(5) == 0)
                {
                    buffer.Append(time, new FloatHistogram());
                }
                else
                {
                    buffer.Append(time, 1);
                }

                expected.Add((time, start));
                if (random.Next(4) > 0)
                {
                    buffer.SetStartTimestamp(start);
                }
                else
                {
                    buffer.WriteStartTimestamps(1)[0] = start;
                }
            }

            int from = random.Next(count);
            int removed = random.Next(count - from);
            buffer.RemoveRange(from, removed);
            expected.RemoveRange(from, removed);
            int kept = random.Next(expected.Count + 1);
            buffer.Truncate(kept);
            expected.RemoveRange(kept, expected.Count - kept);

            // What comes behind a truncation has no start of its own, whatever stood there before.
            buffer.Append(5000, 1);
            expected.Add((5000, 0));
            using var copy = new SampleBuffer();
            copy.Append(1, 1);
            copy.Append(buffer, 0, buffer.Count);
            string what = $"seed {Seed} round {round}";
            Assert.True(expected.Select(e => e.Time).SequenceEqual(buffer.Timestamps.ToArray()), what);
            AssertStarts(expected.Select(e => e.Start), buffer, what);
            AssertStarts(expected.Select(e => e.Start).Prepend(0), copy, what);
        }
    }

    [Fact]
    public void A_buffer_without_start_timestamps_has_no_lane_for_them()
    {
        using var buffer = new SampleBuffer();
        buffer.Append(1, 1);
        buffer.SetStartTimestamp(0);
        Assert.False(buffer.HasStartTimestamps);
        Assert.True(buffer.StartTimestamps.IsEmpty);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.WriteStartTimestamps(2));
    }

    [Fact]
    public void Merging_two_runs_keeps_start_timestamps_with_their_samples()
    {
        using var buffer = new SampleBuffer();
        foreach (long time in (long[])[10, 30, 50, 20, 30, 60])
        {
            buffer.Append(time, buffer.Count);
            buffer.SetStartTimestamp(buffer.Count < 4 ? time - 5 : time - 1);
        }

        SampleMerging.MergeRun(buffer, 0, 3);
        Assert.Equal([10, 20, 30, 50, 60], buffer.Timestamps.ToArray());
        Assert.Equal([5, 19, 25, 45, 59], buffer.StartTimestamps.ToArray());
    }

    private static void AssertStarts(IEnumerable<long> expected, SampleBuffer buffer, string what)
    {
        long[] found = buffer.HasStartTimestamps ? buffer.StartTimestamps.ToArray() : new long[buffer.Count];
        Assert.True(expected.SequenceEqual(found), what);
    }

    [Fact]
    public void More_than_was_reserved_cannot_be_counted()
    {
        using var buffer = new SampleBuffer();
        buffer.Append(1, 1);
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Truncate(2));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(1_000_000));
    }

    [Fact]
    public void A_cleared_buffer_is_empty_and_needs_no_new_memory_for_as_much_again()
    {
        using var buffer = new SampleBuffer();
        for (int round = 0; round < 3; round++)
        {
            buffer.Clear();
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 5000; i++)
            {
                buffer.Append(i, i);
            }

            Assert.True(round == 0 || GC.GetAllocatedBytesForCurrentThread() == before, "A warm buffer must not allocate.");
        }

        buffer.Clear();
        Assert.Equal(0, buffer.Count);
        Assert.True(buffer.Timestamps.IsEmpty);
    }
}
