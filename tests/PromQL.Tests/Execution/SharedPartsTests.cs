using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

public sealed class SharedPartsTests : IDisposable
{
    private readonly MemoryStorage _storage = new();
    private readonly List<QueryEngine> _engines = [];
    private int _reads;

    public SharedPartsTests()
    {
        for (int series = 0; series < 6; series++)
        {
            for (int i = 0; i <= 60; i++)
            {
                _storage.Append(Labels.FromStrings("__name__", "x", "a", $"{series % 3}", "b", $"{series}"), i * 10_000, (i * (series + 1)) % 17);
                _storage.Append(Labels.FromStrings("__name__", "y", "a", $"{series % 3}"), i * 10_000, i);
            }
        }

        _storage.OnRead = () => Interlocked.Increment(ref _reads);
    }

    public void Dispose() => _engines.ForEach(engine => engine.Dispose());

    public static TheoryData<string> Queries() =>
    [
        "sum(x) / sum(x)",
        "sum(x) + sum(x) * sum(x) - sum(x)",
        "x / on() group_left() sum(x)",
        "sum(rate(x[1m])) / count(rate(x[1m]))",
        "rate(x[1m]) + rate(x[1m])",
        "x + x",
        "(x + on(a) group_left() y) + on(a, b) (x + on(a) group_left() y) / (x * on(a) group_left() y)",
        "topk(2, x) or topk(2, x)",
        "x and x unless x",
        "max_over_time(sum(x)[2m:30s]) - min_over_time(sum(x)[2m:30s])",
        "max_over_time(sum(x)[20s:7s]) - min_over_time(sum(x)[20s:7s]) + sum(x)",
        "scalar(sum(x)) + sum(x) * scalar(sum(x))",
        "sum(x @ 300) + sum(x @ 300) * x",
        "quantile(2, x) + quantile(2, x) + rate(x[1m])",
        "sum by (a) (x) / sum by (a) (x) + sum without (b) (x)",
        "sum(x) > bool 3 or sum(x) > 3",
        "absent(x{a='9'}) or absent(x{a='9'})",
        "count_values('v', x) or count_values('v', x)",
        "label_replace(sum(x), 'c', 'd', '', '') or label_replace(sum(x), 'c', 'e', '', '')",
    ];

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task A_query_says_and_counts_the_same_whether_its_parts_are_shared_or_not(string query)
    {
        foreach (QueryEngineOptions options in (QueryEngineOptions[])[new(), new() { ParallelWork = 1, MaxHelperThreads = 2 }, new() { EnableDelayedNameRemoval = true }])
        {
            foreach (bool perStep in (bool[])[false, true])
            {
                string shared = await RunAsync(query, options with { EnablePerStepStatistics = perStep });
                string apart = await RunAsync(query, options with { EnablePerStepStatistics = perStep, SharedSamplesMax = -1 });
                Assert.Equal(apart, shared);
            }
        }
    }

    [Theory]
    [InlineData("sum(x) / sum(x)", 6)]
    [InlineData("x + x", 6)]
    [InlineData("sum(rate(x[1m])) / count( rate(x[1m]) )", 6)]
    [InlineData("sum(x) / sum(x offset 1m)", 12)]
    [InlineData("sum(x) / count(y)", 9)]
    public async Task A_part_is_read_once(string query, int reads)
    {
        await RunAsync(query, new QueryEngineOptions());
        Assert.Equal(reads, _reads);
    }

    [Fact]
    public async Task A_part_that_is_large_is_read_twice_rather_than_held()
    {
        await RunAsync("sum(x) / count(x)", new QueryEngineOptions { SharedSamplesMax = 10 });
        Assert.Equal(12, _reads);
    }

    [Fact]
    public async Task Warnings_name_the_last_place()
    {
        using QueryResult result = await Engine(new QueryEngineOptions()).QueryInstantAsync(
            _storage, "quantile(2, x) + quantile(2, x)", 300_000, QueryOptions.Default, default);
        Assert.Equal(
            ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:27)"],
            result.Warnings);
    }

    [Fact]
    public void The_plan_shows_what_is_computed_once()
    {
        QueryPlan plan = Engine(new QueryEngineOptions()).Explain("sum(x) / (sum(x) + count(x))", new TimeRange(0, 60_000), 10_000, QueryOptions.Default);
        QueryPlan first = plan.Children[0];
        QueryPlan second = plan.Children[1].Children[0];
        QueryPlan count = plan.Children[1].Children[1];
        Assert.NotNull(first.Shared);
        Assert.Equal(first.Shared, second.Shared);
        Assert.Null(count.Shared);
        Assert.NotNull(count.Children[0].Shared);
        Assert.Equal(first.Children[0].Shared, count.Children[0].Shared);
    }

    private async Task<string> RunAsync(string query, QueryEngineOptions options)
    {
        using QueryResult result = await Engine(options).QueryRangeAsync(
            _storage, query, new TimeRange(300_000, 420_000), 30_000, new QueryOptions { PerStepStatistics = options.EnablePerStepStatistics }, default);
        IEnumerable<string> series = result.Matrix.Select(
            s => s.Labels + " " + string.Join(' ', s.Timestamps.ToArray()) + " " + string.Join(' ', s.Values.ToArray()));
        QueryStatistics statistics = result.Statistics;
        return string.Join('\n', series) + "\n" + string.Join('\n', result.Warnings.Order()) + "\n" + string.Join('\n', result.Infos.Order())
            + $"\n{statistics.TotalQueryableSamples} {statistics.SamplesRead} "
            + string.Join(' ', statistics.TotalQueryableSamplesPerStep ?? []) + string.Join(' ', statistics.SamplesReadPerStep ?? []);
    }

    private QueryEngine Engine(QueryEngineOptions options)
    {
        var engine = new QueryEngine(options, TimeProvider.System, new MetricRegistry());
        _engines.Add(engine);
        return engine;
    }
}
