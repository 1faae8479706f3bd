using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Range;

namespace Narthex.PromQL.Tests.Functions;

/// <summary>Lines through windows that begin at the same sample, against each window alone.</summary>
public sealed class GrowingTrendsTests
{
    [Fact]
    public void Every_window_has_the_bits_that_it_has_alone()
    {
        var trends = new GrowingTrends();
        int lines = 0;
        for (int seed = 0; seed < 600; seed++)
        {
            // Every second series comes at the times of the one before, so that what is kept of them is used.
            var timesOf = new Random(seed / 2);
            var random = new Random(seed);
            int samples = timesOf.Next(2, 90);
            long distance = timesOf.Next(1, 4) * 5000;
            long step = timesOf.Next(3) == 0 ? timesOf.Next(1, 40) * 1000 : timesOf.Next(1, 9) * distance;
            long jitter = timesOf.Next(3) == 0 ? 500 : 1;
            using var input = new RangeInput();
            double level = Math.Pow(10, random.Next(-20, 20));
            int equal = random.Next(3) == 0 ? random.Next(samples + 1) : 1;
            for (int i = 0; i < samples; i++)
            {
                double value = i < equal ? level : (random.NextDouble() - 0.3) * level;
                input.Raw.Append(100_000 + (i * distance) + timesOf.Next((int)jitter), random.Next(200) == 0 ? double.NaN : value);
            }

            var grid = new StepGrid(100_000 + timesOf.Next(5000) + distance, step, timesOf.Next(1, 40));
            input.Load(new ReferenceTimes(grid.StartMs, grid.StepMs, grid.Count), 100_000_000);
            int from = 0;
            while (from < grid.Count && input.FloatEnds[from] < 2)
            {
                from++;
            }

            while (from < grid.Count)
            {
                int fitted = trends.Fit(input, grid, from, grid.Count);
                Assert.InRange(fitted, 1, grid.Count - from);
                for (int i = 0; i < fitted; i++)
                {
                    int end = input.FloatEnds[from + i];
                    double[] values = input.FloatValues[..end].ToArray();
                    bool isConstant = values.All(v => v == values[0]);
                    Assert.True(isConstant == (end <= trends.ConstantSamples), $"seed {seed}, step {from + i}");
                    (double slope, double intercept) = Alone(input.FloatTimes[..end], values, grid.TimeAt(from + i));
                    if (!isConstant && double.IsFinite(slope))
                    {
                        lines++;
                        Assert.True(slope.Equals(trends.Slopes[i]) && intercept.Equals(trends.Intercepts[i]), $"seed {seed}, step {from + i}");
                    }
                    else
                    {
                        Assert.True(isConstant || !double.IsFinite(trends.Slopes[i]), $"seed {seed}, step {from + i}");
                    }
                }

                from += fitted;
            }
        }

        trends.Dispose();
        Assert.True(lines > 3000, $"{lines} lines");
    }

    // Simple linear regression over compensated sums, as the engine that we follow has it.
    private static (double Slope, double Intercept) Alone(ReadOnlySpan<long> times, ReadOnlySpan<double> values, long originMs)
    {
        (double Sum, double Lost) x = default, y = default, xy = default, x2 = default;
        for (int i = 0; i < times.Length; i++)
        {
            double seconds = (times[i] - originMs) / 1e3;
            Add(ref x, seconds);
            Add(ref y, values[i]);
            Add(ref xy, seconds * values[i]);
            Add(ref x2, seconds * seconds);
        }

        double n = times.Length;
        double sumX = x.Sum + x.Lost;
        double sumY = y.Sum + y.Lost;
        double slope = (xy.Sum + xy.Lost - (sumX * sumY / n)) / (x2.Sum + x2.Lost - (sumX * sumX / n));
        return (slope, (sumY / n) - (slope * sumX / n));
    }

    private static void Add(ref (double Sum, double Lost) total, double value)
    {
        double sum = total.Sum + value;
        total.Lost += Math.Abs(total.Sum) >= Math.Abs(value) ? (total.Sum - sum) + value : (value - sum) + total.Sum;
        total.Sum = sum;
    }
}
