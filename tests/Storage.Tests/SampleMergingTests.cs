using Narthex.Model;

namespace Narthex.Storage.Tests;

public sealed class SampleMergingTests
{
    [Fact]
    public void Two_runs_become_one_in_order_and_the_earlier_wins_at_the_same_instant()
    {
        var random = new Random(3);
        for (int round = 0; round < 300; round++)
        {
            using var samples = new SampleBuffer();
            var expected = new SortedDictionary<long, double>();
            int runStart = 0;
            for (int run = 0; run < 2; run++)
            {
                runStart = samples.Count;
                long now = random.Next(20);
                for (int i = random.Next(12); i > 0; i--)
                {
                    now += random.Next(1, 6);
                    double value = (run * 1000) + i;
                    samples.Append(now, value);
                    expected.TryAdd(now, value);
                }
            }

            SampleMerging.MergeRun(samples, 0, runStart);

            Assert.Equal(expected.Keys, samples.Timestamps.ToArray());
            Assert.Equal(expected.Values, samples.Values.ToArray());
        }
    }

    [Fact]
    public void A_histogram_behind_one_of_the_other_run_says_nothing_of_a_reset_any_more()
    {
        using var samples = new SampleBuffer();
        var shared = new FloatHistogram { Count = 9, CounterResetHint = CounterResetHint.NotCounterReset };
        samples.Append(10, new FloatHistogram { Count = 1, CounterResetHint = CounterResetHint.NotCounterReset });
        samples.Append(20, new FloatHistogram { Count = 2, CounterResetHint = CounterResetHint.NotCounterReset });
        samples.Append(40, shared);
        samples.Append(25, new FloatHistogram { Count = 50, CounterResetHint = CounterResetHint.CounterReset });
        samples.Append(30, new FloatHistogram { Count = 51, CounterResetHint = CounterResetHint.NotCounterReset });

        SampleMerging.MergeRun(samples, 0, 3);

        Assert.Equal([10, 20, 25, 30, 40], samples.Timestamps.ToArray());
        Assert.Equal(
            [CounterResetHint.NotCounterReset, CounterResetHint.NotCounterReset, CounterResetHint.Unknown, CounterResetHint.NotCounterReset, CounterResetHint.Unknown],
            samples.Histograms.ToArray().Select(histogram => histogram!.CounterResetHint));
        Assert.Equal(CounterResetHint.NotCounterReset, shared.CounterResetHint);
    }
}
