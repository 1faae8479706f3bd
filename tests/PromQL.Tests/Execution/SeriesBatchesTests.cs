using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Range;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>What is computed side by side, on threads or in vectors, against what is computed one by one: the same bits.</summary>
public sealed class SeriesBatchesTests
{
    [Theory]
    [InlineData("x_total")]
    [InlineData("rate(x_total[3m])")]
    [InlineData("sum by (group) (rate(x_total[3m]))")]
    [InlineData("avg by (group) (x_total)")]
    [InlineData("sum(x_total)")]
    [InlineData("max_over_time(sum by (group) (rate(x_total[2m]))[5m:1m])")]
    [InlineData("quantile_over_time(0.7, x_total[4m])")]
    [InlineData("topk(3, increase(x_total[5m]))")]
    public async Task Several_threads_give_the_bits_of_one(string query)
    {
        var random = new Random(7);
        var storage = new MemoryStorage();
        for (int series = 0; series < 150; series++)
        {
            Labels labels = Labels.FromStrings("__name__", "x_total", "group", "g" + (series % 4), "id", "s" + series);
            double value = 0;
            for (long time = random.Next(30_000); time <= 1_200_000; time += random.Next(10, 40) * 1000)
            {
                value = random.Next(12) == 0 ? 0 : value + (random.NextDouble() * 1e6);
                storage.Append(labels, time, random.Next(60) == 0 ? StaleNaN.Value : value);
            }
        }

        using QueryResult alone = await RunAsync(storage, query, helpers: 0);
        using QueryResult together = await RunAsync(storage, query, helpers: 3);
        Assert.NotEmpty(alone.Matrix);
        Assert.Equal(alone.Matrix.Count, together.Matrix.Count);
        Assert.Equal(alone.Statistics.TotalQueryableSamples, together.Statistics.TotalQueryableSamples);
        for (int i = 0; i < alone.Matrix.Count; i++)
        {
            Assert.Equal(alone.Matrix[i].Labels, together.Matrix[i].Labels);
            Assert.Equal(alone.Matrix[i].Timestamps.ToArray(), together.Matrix[i].Timestamps.ToArray());
            Assert.Equal(Bits(alone.Matrix[i].Values.ToArray()), Bits(together.Matrix[i].Values.ToArray()));
        }
    }

    [Fact]
    public async Task Failure_of_a_read_ends_the_query_as_on_one_thread()
    {
        var storage = new MemoryStorage();
        for (int series = 0; series < 100; series++)
        {
            storage.Append(Labels.FromStrings("__name__", "x_total", "id", "s" + series), 1000, 1);
        }

        int reads = 0;
        storage.OnRead = () =>
        {
            if (Interlocked.Increment(ref reads) == 70)
            {
                throw new Narthex.Storage.StorageException("broken chunk");
            }
        };
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => RunAsync(storage, "sum(x_total)", helpers: 3));
        Assert.Equal("expanding series: broken chunk", error.Message);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void Rates_in_vectors_have_the_bits_of_the_scalar_formula(bool isCounter, bool isRate)
    {
        const long rangeMs = 300_000;
        for (int seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(1, RateBatch.Size + 1);
            double[] expected = new double[count];
            double[] found = new double[count];
            var batch = new RateBatch(rangeMs, isCounter, isRate);
            for (int i = 0; i < count; i++)
            {
                long toStart = random.Next(100_000);
                long toEnd = random.Next(100_000);
                int samples = random.Next(2, 30);
                double first = random.Next(5) == 0 ? 0 : (random.NextDouble() * 1e4) - 100;
                double difference = random.Next(6) switch { 0 => 0, 1 => double.NaN, 2 => -5, _ => random.NextDouble() * 1e5 };
                double factor = RateKernels.Factor(toStart, rangeMs - toEnd, samples, 0, rangeMs, isCounter, first, difference);
                expected[i] = difference * (isRate ? factor / (rangeMs / 1000.0) : factor);
                batch.Set(i, toStart, toEnd, rangeMs - toEnd - toStart, samples - 1, first, difference);
            }

            batch.Compute(found);
            for (int i = 0; i < count; i++)
            {
                Assert.True(expected[i].Equals(found[i]), $"seed {seed}, lane {i}: {found[i]:R} instead of {expected[i]:R}");
            }
        }
    }

    private static async Task<QueryResult> RunAsync(MemoryStorage storage, string query, int helpers)
    {
        using var engine = new QueryEngine(new QueryEngineOptions { MaxHelperThreads = helpers, ParallelWork = 0 }, TimeProvider.System, new MetricRegistry());
        return await engine.QueryRangeAsync(storage, query, new TimeRange(0, 1_200_000), 20_000, QueryOptions.Default, CancellationToken.None);
    }

    private static long[] Bits(double[] values) => Array.ConvertAll(values, BitConverter.DoubleToInt64Bits);
}
