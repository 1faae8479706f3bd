using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Tests.Planning;

public sealed class PlannerTests
{
    private static readonly StepGrid s_grid = new(3_600_000, 60_000, 11);

    [Fact]
    public void Pinned_parts_are_computed_once_and_durations_become_milliseconds()
    {
        PlanNode plan = Plan("sum by (job) (rate(up[5m] offset 1m)) / on(job) max by (job) (up @ end())");

        Assert.Equal(
            """
            / on (job) one to one  [11 steps from 3600000 ms every 60000 ms]
              sum by (job)
                rate
                  select range {__name__="up"} offset 60000 ms window 300000 ms
              once for all steps  [1 steps from 3600000 ms every 0 ms]
                max by (job)
                  select {__name__="up"} @ 4200000 ms lookback 300000 ms

            """.ReplaceLineEndings("\n"),
            PlanPrinter.Print(plan));
    }

    [Fact]
    public void Subquery_steps_lie_on_multiples_of_its_step_right_of_the_open_edge()
    {
        var subquery = (SubqueryNode)((CallNode)Plan("max_over_time(up[10m:7m])")).Arguments[0];

        // From 3,000 s, exclusive, to 4,200 s: 3,360, 3,780 and 4,200.
        Assert.Equal(new StepGrid(3_360_000, 420_000, 3), subquery.Inner.Grid);
    }

    [Fact]
    public void Subquery_without_step_takes_the_default()
    {
        var subquery = (SubqueryNode)((CallNode)Plan("max_over_time(up[10m:])")).Arguments[0];

        Assert.Equal(60_000, subquery.Inner.Grid.StepMs);
    }

    [Theory]
    [InlineData("up", 3_300_001, 4_200_000)]
    [InlineData("rate(up[10m])", 3_000_001, 4_200_000)]
    [InlineData("up offset -1h", 6_900_001, 7_800_000)]
    [InlineData("up @ 1000 + up @ 2000", 700_001, 2_000_000)]
    [InlineData("max_over_time(up[10m:1m] offset 10m)", 2_160_001, 3_600_000)]
    public void Range_of_a_plan_is_what_it_reads(string query, long minMs, long maxMs)
    {
        // A subquery's first step lies right of its open edge, which the minimum above reflects.
        Assert.Equal(new TimeRange(minMs, maxMs), Planner.RangeOf(Plan(query)));
    }

    [Theory]
    [InlineData("rate(up[5m-10m])", "duration must be greater than 0")]
    [InlineData("up offset (1h / 0)", "division by zero")]
    public void Impossible_durations_are_refused(string query, string message)
    {
        Exception error = Assert.ThrowsAny<Exception>(() => Plan(query));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static PlanNode Plan(string query) =>
        new Planner(s_grid, 300_000, new QueryEngineOptions()).Plan(PromQLParser.ParseExpression(query, ParserOptions.All));

    [Fact]
    public void Explain_gives_the_plan_as_a_tree()
    {
        using var engine = new QueryEngine(new QueryEngineOptions(), TimeProvider.System, new Narthex.Instrumentation.MetricRegistry());
        QueryPlan plan = engine.Explain("sum by (a) (rate(x[5m]))", new TimeRange(0, 600_000), 60_000, QueryOptions.Default);
        Assert.Equal(("aggregate", "sum by (a)", 11), (plan.Name, plan.Details, plan.Steps));
        QueryPlan call = Assert.Single(plan.Children);
        Assert.Equal(("call", "rate"), (call.Name, call.Details));
        QueryPlan select = Assert.Single(call.Children);
        Assert.Equal("select range", select.Name);
        Assert.Contains("window 300000 ms", select.Details, StringComparison.Ordinal);
        Assert.Throws<QueryException>(() => engine.Explain("sum(", new TimeRange(0, 0), 0, QueryOptions.Default));
    }
}
