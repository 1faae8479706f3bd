using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Windows laid by arithmetic against windows laid by looking at each sample.</summary>
public sealed class SteadyWindowsTests
{
    [Fact]
    public void Windows_hold_the_samples_behind_their_left_edge_up_to_their_right_one()
    {
        int laid = 0;
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            long distance = random.Next(1, 20);
            long[] timestamps = [.. Enumerable.Range(0, random.Next(2, 60)).Select(i => 1000 + (i * distance))];
            if (random.Next(4) == 0)
            {
                timestamps[random.Next(timestamps.Length)] += random.Next(2);
            }

            bool isSteady = timestamps.Zip(timestamps.Skip(1)).All(pair => pair.Second - pair.First == timestamps[1] - timestamps[0]);
            var times = new ReferenceTimes(random.Next(0, 2500), distance * random.Next(0, 5) + (random.Next(4) == 0 ? 1 : 0), random.Next(1, 70));
            long range = random.Next(1, 400);
            int[] starts = new int[times.Count];
            int[] ends = new int[times.Count];
            if (!SteadyWindows.TryLay(timestamps, times, range, starts, ends, out SteadyWindows steady, out long samples))
            {
                Assert.True(!isSteady || times.StepMs % distance != 0, $"seed {seed}");
                continue;
            }

            laid++;
            Assert.True(isSteady, $"seed {seed}");
            int[] expectedStarts = [.. Enumerable.Range(0, times.Count).Select(i => timestamps.Count(t => t <= times.TimeAt(i) - range))];
            int[] expectedEnds = [.. Enumerable.Range(0, times.Count).Select(i => timestamps.Count(t => t <= times.TimeAt(i)))];
            Assert.True(expectedStarts.SequenceEqual(starts) && expectedEnds.SequenceEqual(ends), $"seed {seed}");
            Assert.True(samples == expectedEnds.Sum() - expectedStarts.Sum(), $"seed {seed}");
            for (int i = steady.From; i < steady.To; i++)
            {
                Assert.True(ends[i] - starts[i] == steady.Length && starts[i] == starts[steady.From] + ((i - steady.From) * steady.Stride), $"seed {seed}, step {i}");
            }

            // Of windows that are whole, none is left out.
            for (int i = 0; i < times.Count; i++)
            {
                bool isWhole = times.TimeAt(i) - range >= timestamps[0] && times.TimeAt(i) <= timestamps[^1];
                Assert.True(!isWhole || (i >= steady.From && i < steady.To), $"seed {seed}, step {i}");
            }
        }

        Assert.True(laid > 1000);
    }

    [Fact]
    public void Single_samples_and_times_going_nowhere_are_not_laid()
    {
        Assert.False(SteadyWindows.TryLay([1], new ReferenceTimes(0, 1, 3), 1, new int[3], new int[3], out _, out _));
        Assert.False(SteadyWindows.TryLay([1, 1], new ReferenceTimes(0, 1, 3), 1, new int[3], new int[3], out _, out _));
        Assert.False(SteadyWindows.TryLay([], new ReferenceTimes(0, 1, 3), 1, new int[3], new int[3], out _, out _));
    }
}
