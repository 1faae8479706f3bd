using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Queries over very many series end, by their limit, by cancellation or with their result.</summary>
public sealed class HeavyQueryTests : IClassFixture<HeavyQueryTests.Fixture>
{
    // What the threads of a query may have read ahead.
    private static readonly int BatchesAtOnce = SeriesBatches.BatchSizeMax * Environment.ProcessorCount;

    private readonly HugeStorage _huge;
    private readonly HugeStorage _storage;

    public HeavyQueryTests(Fixture fixture)
    {
        _huge = fixture.Huge;
        _storage = fixture.Large;
        _storage.OnRead = null;
    }

    [Theory]
    [InlineData("x_total")]
    [InlineData("x_total + 1")]
    [InlineData("topk(5, x_total)")]
    [InlineData("rate(x_total[5m])")]
    [InlineData("last_over_time(x_total[5m])")]
    [InlineData("sort(x_total)")]
    public async Task More_than_the_limit_is_refused(string query)
    {
        using var engine = new QueryEngine(new QueryEngineOptions { MaxSamples = 25_000 }, TimeProvider.System, new MetricRegistry());
        Task<QueryResult> Run() => query.StartsWith("rate", StringComparison.Ordinal)
            ? engine.QueryRangeAsync(_storage, query + " or x_total", new TimeRange(0, 60_000), 60_000, QueryOptions.Default, default)
            : engine.QueryInstantAsync(_storage, query, 0, QueryOptions.Default, default);
        QueryException error = await Assert.ThrowsAsync<QueryException>(Run);
        Assert.Equal(QueryErrorKind.Execution, error.Kind);
        Assert.Equal("query processing would load too many samples into memory in query execution", error.Message);
    }

    [Theory]
    [InlineData("count(x_total)", 1_000_000)]
    [InlineData("sum(x_total) + sum(x_total)", 2_000_000)]
    public async Task What_folds_series_into_few_needs_no_more_than_a_few(string query, double value)
    {
        using var engine = new QueryEngine(new QueryEngineOptions { MaxSamples = 100_000 }, TimeProvider.System, new MetricRegistry());
        using QueryResult result = await engine.QueryInstantAsync(_huge, query, 0, QueryOptions.Default, default);
        Assert.Equal(value, Assert.Single(result.Vector).Value);
        Assert.True(result.Statistics.PeakSamples < 1000);
    }

    [Theory]
    [InlineData("x_total", 1_000_000)]
    [InlineData("topk(3, x_total)", 3)]
    [InlineData("quantile(0.5, x_total)", 1)]
    [InlineData("sort_desc(x_total + 1)", 1_000_000)]
    public async Task A_million_series_are_within_the_usual_limits(string query, int results)
    {
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        using QueryResult result = await engine.QueryInstantAsync(_huge, query, 0, QueryOptions.Default, default);
        Assert.Equal(results, result.Vector.Count);
        Assert.All(result.Vector.Take(3), sample => Assert.Equal(query.Contains('+', StringComparison.Ordinal) ? 2 : 1, sample.Value));
    }

    [Theory]
    [InlineData("x_total")]
    [InlineData("x_total[5m]")]
    [InlineData("x_total + 1 > 0")]
    [InlineData("max_over_time(x_total[5m:1m])")]
    [InlineData("sum by (i) (x_total)")]
    [InlineData("topk(500000, x_total)")]
    [InlineData("count_values by (i) (\"v\", x_total)")]
    [InlineData("sort_desc(x_total)")]
    [InlineData("x_total + x_total")]
    [InlineData("x_total and x_total")]
    public async Task A_million_series_end_a_query_by_the_limit_and_the_next_is_answered(string query)
    {
        const int Limit = 100_000;

        // A place that was not given back would leave none for the next query.
        using var engine = new QueryEngine(new QueryEngineOptions { MaxSamples = Limit, MaxConcurrency = 1 }, TimeProvider.System, new MetricRegistry());
        int before = _huge.Reads;
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => engine.QueryInstantAsync(_huge, query, 0, QueryOptions.Default, default));
        int reads = _huge.Reads - before;
        using QueryResult next = await engine.QueryInstantAsync(_huge, "count(x_total)", 0, QueryOptions.Default, default);

        Assert.Equal(QueryErrorKind.Execution, error.Kind);
        Assert.Equal("query processing would load too many samples into memory in query execution", error.Message);
        Assert.Equal(1_000_000, Assert.Single(next.Vector).Value);
        Assert.True(next.Statistics.PeakSamples < 1000);

        // It stops where the limit is, and does not read the rest of the million.
        Assert.InRange(reads, 0, (2 * Limit) + BatchesAtOnce);
    }

    [Fact]
    public async Task A_limit_in_bytes_ends_a_query_over_a_million_series_as_well()
    {
        using var engine = new QueryEngine(new QueryEngineOptions { MaxBytesPerQuery = 1_600_000, MaxConcurrency = 1 }, TimeProvider.System, new MetricRegistry());
        int before = _huge.Reads;
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => engine.QueryInstantAsync(_huge, "x_total", 0, QueryOptions.Default, default));
        Assert.Equal("query processing would use more than 1600000 bytes of memory in query execution", error.Message);
        Assert.InRange(_huge.Reads - before, 100_000 - BatchesAtOnce, 100_000 + BatchesAtOnce);
        using QueryResult next = await engine.QueryInstantAsync(_huge, "sum(x_total)", 0, QueryOptions.Default, default);
        Assert.Equal(1_000_000, Assert.Single(next.Vector).Value);
    }

    [Theory]
    [InlineData("sum(x_total)", 1)]
    [InlineData("sum(x_total)", 0)]
    [InlineData("x_total", 0)]
    [InlineData("sum(rate(x_total[5m]))", 1)]
    [InlineData("topk(5, x_total)", 0)]
    [InlineData("x_total + on(i) x_total", 0)]
    [InlineData("x_total and x_total", 1)]
    [InlineData("quantile(0.5, x_total)", 0)]
    public async Task A_canceled_query_reads_no_further(string query, int helpers)
    {
        using var engine = new QueryEngine(new QueryEngineOptions { MaxHelperThreads = helpers }, TimeProvider.System, new MetricRegistry());
        using var cancellation = new CancellationTokenSource();
        int before = _storage.Reads;
        _storage.OnRead = read =>
        {
            if (read == before + 10_000)
            {
                cancellation.Cancel();
            }
        };
        QueryException error = await Assert.ThrowsAsync<QueryException>(
            () => engine.QueryInstantAsync(_storage, query, 0, QueryOptions.Default, cancellation.Token));

        // One thread stops at once. The one that cancels may be held up just before it does, and then the other gets to the end of the batch at most.
        Assert.Equal(QueryErrorKind.Canceled, error.Kind);
        Assert.Equal("query was canceled in expression evaluation", error.Message);
        Assert.InRange(_storage.Reads - before, 10_000, 10_000 + SeriesBatches.BatchSizeMax);
    }

    public sealed class Fixture
    {
        internal HugeStorage Huge { get; } = new(1_000_000);

        internal HugeStorage Large { get; } = new(50_000);
    }
}
