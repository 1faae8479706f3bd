using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Columns of results, far more than fit one slab: what is in them is what was stored, whichever series share times.</summary>
public sealed class ResultColumnsTests
{
    private const long StepMs = 10_000;
    private const int Steps = 300;

    private readonly MemoryStorage _storage = new();
    private readonly SortedDictionary<Labels, List<(long Time, double Value)>> _stored = [];

    public ResultColumnsTests()
    {
        var random = new Random(7);
        for (int series = 0; series < 500; series++)
        {
            // Whole, later by as much as others, with holes at the same places as others, with holes of its own.
            int kind = random.Next(4);
            int first = kind == 1 ? random.Next(4) : 0;
            Labels labels = Labels.FromStrings("__name__", "x", "series", $"{series:D4}");
            List<(long, double)> samples = [];
            for (int step = first; step < Steps; step++)
            {
                if ((kind != 2 || step % 7 != 0) && (kind != 3 || random.Next(3) != 0))
                {
                    samples.Add((step * StepMs, random.NextDouble()));
                    _storage.Append(labels, samples[^1].Item1, samples[^1].Item2);
                }
            }

            _stored[labels] = samples;
        }
    }

    [Fact]
    public async Task A_range_query_has_the_samples_of_each_series()
    {
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        using QueryResult result = await engine.QueryRangeAsync(
            _storage, "x", new TimeRange(0, (Steps - 1) * StepMs), StepMs, new QueryOptions { LookbackDelta = TimeSpan.FromMilliseconds(StepMs) }, CancellationToken.None);

        AssertStored(result);
    }

    [Fact]
    public async Task A_range_vector_has_the_samples_of_each_series()
    {
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        using QueryResult result = await engine.QueryInstantAsync(_storage, "x[1d]", Steps * StepMs, new QueryOptions(), CancellationToken.None);

        AssertStored(result);
    }

    [Fact]
    public async Task Results_do_not_share_columns_and_lose_them_when_disposed()
    {
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        QueryResult former = await engine.QueryInstantAsync(_storage, "x[1d]", Steps * StepMs, new QueryOptions(), CancellationToken.None);
        using QueryResult result = await engine.QueryInstantAsync(_storage, "x[1d]", Steps * StepMs, new QueryOptions(), CancellationToken.None);
        AssertStored(former);
        former.Dispose();

        AssertStored(result);
        Assert.Throws<ObjectDisposedException>(() => former.Matrix[^1].Values.Span.Length);
    }

    [Fact]
    public void Columns_do_not_overlap()
    {
        var random = new Random(11);
        using var slabs = new ColumnSlabs<long>();
        var columns = new List<Memory<long>>();
        for (int i = 0; i < 2000; i++)
        {
            int length = i == 700 ? ColumnSlabs<long>.SlabLength + 1 : random.Next(400);
            columns.Add(slabs.Take(length));
            Assert.Equal(length, columns[i].Length);
            columns[i].Span.Fill(i);
        }

        for (int i = 0; i < columns.Count; i++)
        {
            Assert.Equal(-1, columns[i].Span.IndexOfAnyExcept(i));
        }
    }

    private void AssertStored(QueryResult result)
    {
        Assert.Equal(_stored.Keys, result.Matrix.Select(series => series.Labels));
        foreach (MatrixSeries series in result.Matrix)
        {
            List<(long Time, double Value)> samples = _stored[series.Labels];
            Assert.Equal(samples.Select(sample => sample.Time), series.Timestamps.ToArray());
            Assert.Equal(samples.Select(sample => sample.Value), series.Values.ToArray());
        }
    }
}
