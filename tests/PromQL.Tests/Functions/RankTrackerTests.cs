using Narthex.PromQL.Functions.Range;

namespace Narthex.PromQL.Tests.Functions;

/// <summary>Ranks in windows that slide and grow, against each window sorted.</summary>
public sealed class RankTrackerTests
{
    [Fact]
    public void Finds_the_value_of_a_rank_and_the_next_one()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            var random = new Random(seed);
            int kinds = random.Next(1, 3) * random.Next(1, 60);
            double[] values = [.. Enumerable.Range(0, random.Next(1, 300)).Select(_ => random.Next(80) switch
            {
                0 => double.PositiveInfinity,
                1 => double.NegativeInfinity,
                _ => random.Next(kinds),
            })];
            using var tracker = new RankTracker(values.Length);
            int start = 0;
            int end = random.Next(1, values.Length + 1);
            while (end <= values.Length && start < end)
            {
                double[] sorted = [.. values[start..end].Order()];
                int rank = random.Next(10) == 0 ? random.Next(sorted.Length) : (int)(0.8 * (sorted.Length - 1));
                tracker.Find(values, start, end, rank, out double value, out double next);
                Assert.True(value == sorted[rank], $"seed {seed}, {start} to {end}: {value} instead of {sorted[rank]}");
                double expected = sorted[Math.Min(rank + 1, sorted.Length - 1)];
                Assert.True(next == expected, $"seed {seed}, {start} to {end}: {next} instead of {expected} behind {value}");
                start += random.Next(3);
                end = Math.Max(end, start) + random.Next(3);
            }
        }
    }

    [Fact]
    public void Tells_what_is_not_a_number()
    {
        for (int length = 0; length < 40; length++)
        {
            double[] values = new double[length];
            Assert.False(RankTracker.ContainsNaN(values));
            for (int i = 0; i < length; i++)
            {
                values[i] = double.NaN;
                Assert.True(RankTracker.ContainsNaN(values));
                values[i] = double.PositiveInfinity;
            }
        }
    }
}
