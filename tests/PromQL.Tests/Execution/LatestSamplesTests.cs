using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Execution.Operators;
using Narthex.Storage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>The latest sample at each step against a search through all samples.</summary>
public sealed class LatestSamplesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_step_has_the_latest_sample_that_is_not_older_than_the_lookback(bool wantsTimestamp)
    {
        int steadySeries = 0;
        for (int seed = 0; seed < 4000; seed++)
        {
            var random = new Random(seed);
            long distance = random.Next(1, 20);
            bool isSteady = random.Next(3) > 0;
            bool hasMarkers = random.Next(3) == 0;
            using var samples = new SampleBuffer();
            long time = 1000;
            for (int i = random.Next(0, 50); i > 0; i--)
            {
                samples.Append(time, hasMarkers && random.Next(4) == 0 ? StaleNaN.Value : random.Next(100) == 0 ? double.NaN : random.Next());
                time += isSteady ? distance : random.Next(1, 20);
            }

            steadySeries += isSteady && !hasMarkers ? 1 : 0;
            int steps = random.Next(1, 60);
            long step = random.Next(3) == 0 ? random.Next(0, 50) : distance * random.Next(1, 5);
            var times = new ReferenceTimes(1000 - random.Next(0, 700) + random.Next(0, 700), steps == 1 ? 0 : step, steps);
            long lookback = random.Next(1, 60);
            using var memory = new StepMemory();
            using var block = new StepBlock(memory, steps);
            block.Clear();
            long found = LatestSamples.Fill(samples, times, lookback, wantsTimestamp, block);

            long expectedFound = 0;
            for (int i = 0; i < steps; i++)
            {
                long right = times.TimeAt(i);
                int latest = samples.Timestamps.ToArray().Count(t => t <= right) - 1;
                bool isThere = latest >= 0 && samples.Timestamps[latest] > right - lookback && !StaleNaN.IsStale(samples.Values[latest]);
                Assert.True(isThere == block.Present[i], $"seed {seed}, step {i}");
                if (isThere)
                {
                    expectedFound++;
                    double expected = wantsTimestamp ? samples.Timestamps[latest] / 1000.0 : samples.Values[latest];
                    Assert.True(expected.Equals(block.Values[i]), $"seed {seed}, step {i}: {block.Values[i]} instead of {expected}");
                }
            }

            Assert.True(expectedFound == found, $"seed {seed}");
        }

        Assert.True(steadySeries > 1000);
    }
}
