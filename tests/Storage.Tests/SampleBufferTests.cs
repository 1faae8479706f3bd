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
