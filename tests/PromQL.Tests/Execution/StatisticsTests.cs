using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>What queries count. The data: two series with a sample every 10 seconds from 0 to 600. Expected numbers follow upstream's rules by hand.</summary>
public sealed class StatisticsTests : IDisposable
{
    private readonly MemoryStorage _storage = new();
    private readonly QueryEngine _engine = new(
        new QueryEngineOptions { EnablePerStepStatistics = true, EnableExperimentalFunctions = true, ParallelWork = 1, MaxHelperThreads = 2 },
        TimeProvider.System,
        new MetricRegistry());

    public StatisticsTests()
    {
        for (int i = 0; i <= 60; i++)
        {
            _storage.Append(Labels.FromStrings("__name__", "x_total", "a", "1"), i * 10_000, i);
            _storage.Append(Labels.FromStrings("__name__", "x_total", "a", "2"), i * 10_000, i);
        }
    }

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData("x_total", 2, 2)]
    [InlineData("rate(x_total[1m])", 12, 12)]
    [InlineData("x_total[1m]", 12, 12)]
    [InlineData("x_total[1m:20s]", 6, 6)]
    [InlineData("sum_over_time(x_total[1m:20s])", 6, 6)]
    [InlineData("sum_over_time(sum(x_total)[1m:20s])", 3, 6)]
    [InlineData("sum(x_total @ 300) + x_total", 4, 4)]
    [InlineData("timestamp(x_total)", 2, 2)]
    [InlineData("1 + 1", 0, 0)]
    public async Task An_instant_query_counts_what_it_looks_at(string query, long queryable, long read)
    {
        using QueryResult result = await _engine.QueryInstantAsync(_storage, query, 400_000, Options, default);
        Assert.Equal((queryable, read), (result.Statistics.TotalQueryableSamples, result.Statistics.SamplesRead));
    }

    // Three steps at 300, 320 and 340 seconds.
    [Theory]
    [InlineData("x_total", "2 2 2", "2 2 2")]
    [InlineData("rate(x_total[1m])", "12 12 12", "12 4 4")]
    [InlineData("rate(x_total[15s])", "4 4 4", "4 4 4")]
    [InlineData("rate(x_total[1m] @ 300)", "12 12 12", "12 0 0")]
    [InlineData("sum(x_total @ 300) + x_total", "4 4 4", "4 2 2")]
    [InlineData("quantile_over_time(scalar(x_total{a='1'}), x_total[1m] @ 300)", "13 13 13", "13 1 1")]
    [InlineData("sum_over_time(x_total[1m:20s])", "6 6 6", "6 2 2")]
    [InlineData("sum_over_time(x_total[10s:5s])", "4 4 4", "4 4 4")]
    [InlineData("sum_over_time(x_total[1m:20s] offset 20s)", "6 6 6", "6 2 2")]
    [InlineData("sum_over_time(rate(x_total[1m])[1m:20s])", "6 6 6", "20 4 4")]
    [InlineData("absent(nope)", "0 0 0", "0 0 0")]
    public async Task A_range_query_counts_at_each_step_what_an_instant_query_would_and_reads_what_is_new(string query, string queryable, string read)
    {
        foreach (bool perStep in (bool[])[true, false])
        {
            using QueryResult result = await _engine.QueryRangeAsync(
                _storage, query, new TimeRange(300_000, 340_000), 20_000, Options with { PerStepStatistics = perStep }, default);
            QueryStatistics statistics = result.Statistics;
            Assert.Equal(queryable.Split(' ').Sum(long.Parse), statistics.TotalQueryableSamples);
            Assert.Equal(read.Split(' ').Sum(long.Parse), statistics.SamplesRead);
            if (perStep)
            {
                Assert.Equal([300_000L, 320_000, 340_000], statistics.TotalQueryableSamplesPerStep!.Select(step => step.Key));
                Assert.Equal(queryable, string.Join(' ', statistics.TotalQueryableSamplesPerStep!.Select(step => step.Value)));
                Assert.Equal(read, string.Join(' ', statistics.SamplesReadPerStep!.Select(step => step.Value)));
            }
            else
            {
                Assert.Null(statistics.TotalQueryableSamplesPerStep);
            }
        }
    }

    [Fact]
    public async Task Counts_per_step_need_the_feature()
    {
        using var plain = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
        using QueryResult result = await plain.QueryInstantAsync(_storage, "x_total", 0, Options, default);
        Assert.Null(result.Statistics.TotalQueryableSamplesPerStep);
        Assert.Equal(2, result.Statistics.TotalQueryableSamples);
    }

    [Fact]
    public async Task An_analysis_has_the_cost_of_each_node()
    {
        QueryAnalysis analysis = await _engine.AnalyzeAsync(
            _storage, "sum(rate(x_total[1m])) / scalar(count(x_total))", new TimeRange(300_000, 340_000), 20_000, Options, default);

        Assert.Equal(1, analysis.Series);
        Assert.Equal(36 + 6, analysis.Statistics.TotalQueryableSamples);
        QueryPlan sum = analysis.Plan.Children[0];
        QueryPlan rate = sum.Children[0];
        QueryPlan range = rate.Children[0];
        Assert.Equal((1, 3), (analysis.Plan.Cost!.Series, analysis.Plan.Cost.Samples));
        Assert.Equal((1, 3), (sum.Cost!.Series, sum.Cost.Samples));
        Assert.Equal((2, 6), (rate.Cost!.Series, rate.Cost.Samples));
        
        // It reads all times of the query, which the other selector's lookback makes longer: 10 to 340 seconds.
        Assert.Equal((2, 68), (range.Cost!.Series, range.Cost.Samples));
        Assert.True(sum.Cost.PeakBytes > 0);
        QueryPlan scalar = analysis.Plan.Children[1];
        Assert.Equal((1, 3), (scalar.Cost!.Series, scalar.Cost.Samples));
        Assert.Equal((2, 6), (scalar.Children[0].Children[0].Cost!.Series, scalar.Children[0].Children[0].Cost!.Samples));
        AssertTimesAddUp(analysis.Plan);
        Assert.True(analysis.Plan.Cost.Time <= analysis.Statistics.EvalTotalTime);
    }

    private static QueryOptions Options { get; } = new() { PerStepStatistics = true };

    private static void AssertTimesAddUp(QueryPlan node)
    {
        TimeSpan below = node.Children.Aggregate(TimeSpan.Zero, (sum, child) => sum + (child.Cost?.Time ?? TimeSpan.Zero));
        Assert.True(Math.Abs((node.Cost!.Time - below - node.Cost.OwnTime).TotalMicroseconds) < 1, $"{node.Name}: {node.Cost} over {below}");
        foreach (QueryPlan child in node.Children)
        {
            AssertTimesAddUp(child);
        }
    }
}
