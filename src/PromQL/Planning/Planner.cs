using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Planning;

/// <summary>Turns a parsed query into a plan: durations, offsets and @ modifiers become numbers, step-invariant parts become visible.</summary>
/// <param name="query">The times of the whole query: what <c>start()</c>, <c>end()</c>, <c>step()</c> and <c>range()</c> refer to.</param>
/// <param name="lookbackMs">How far back an instant selector looks.</param>
/// <param name="options">The engine's settings.</param>
internal sealed class Planner(StepGrid query, long lookbackMs, QueryEngineOptions options)
{
    /// <summary>The plan of a whole query.</summary>
    public PlanNode Plan(Expression expression) => Plan(expression, query, "");

    /// <summary>All times that a plan reads samples of.</summary>
    public static TimeRange RangeOf(PlanNode plan)
    {
        TimeRange range = new(long.MaxValue, long.MinValue);
        Collect(plan, ref range);
        return range.MinMs > range.MaxMs ? new TimeRange(plan.Grid.StartMs, plan.Grid.EndMs) : range;
    }

    /// <summary>The times of the samples that an instant selector may need.</summary>
    public static TimeRange RangeOf(SelectNode node)
    {
        ReferenceTimes times = ReferenceTimes.Of(node.Grid, node.Source.OffsetMs, node.Source.AtMs);
        long ahead = node.Source.Extension == SelectorExtension.Smoothed ? node.LookbackMs : 0;
        return new TimeRange(Math.Min(times.FirstMs - node.LookbackMs + (ahead > 0 ? 0 : 1), times.LastMs), times.LastMs + ahead);
    }

    /// <summary>The times of the samples that a range selector may need.</summary>
    public static TimeRange RangeOf(RangeSelectNode node)
    {
        ReferenceTimes times = ReferenceTimes.Of(node.Grid, node.Source.OffsetMs, node.Source.AtMs);
        return node.Source.Extension switch
        {
            SelectorExtension.Anchored => new TimeRange(times.FirstMs - node.RangeMs - node.LookbackMs, times.LastMs),
            SelectorExtension.Smoothed => new TimeRange(times.FirstMs - node.RangeMs - node.LookbackMs, times.LastMs + node.LookbackMs),
            _ => new TimeRange(times.FirstMs - node.RangeMs + 1, times.LastMs),
        };
    }

    private static void Collect(PlanNode node, ref TimeRange range)
    {
        TimeRange? own = node switch
        {
            SelectNode select => RangeOf(select),
            RangeSelectNode select => RangeOf(select),
            _ => null,
        };
        if (own is { } found)
        {
            range = new TimeRange(Math.Min(range.MinMs, found.MinMs), Math.Max(range.MaxMs, found.MaxMs));
        }

        foreach (PlanNode child in node.Children)
        {
            Collect(child, ref range);
        }
    }

    // A pinned vector is computed at one step and repeated; inside it, nothing needs wrapping any more.
    private PlanNode Plan(Expression expression, StepGrid grid, string function)
    {
        if (grid.Count > 1 && expression.Type == ValueType.Vector && StepInvariance.Holds(expression))
        {
            PlanNode inner = PlanBare(expression, StepGrid.Instant(grid.StartMs), function);
            return new StepInvariantNode(inner, grid, expression.Position);
        }

        return PlanBare(expression, grid, function);
    }

    private PlanNode PlanBare(Expression expression, StepGrid grid, string function) => expression switch
    {
        NumberLiteral number => new NumberNode(number.Value, grid, number.Position),
        StringLiteral text => new TextNode(text.Value, grid, text.Position),
        ParenExpression paren => InParentheses(PlanBare(paren.Inner, grid, function), paren.Position),
        UnaryExpression { IsNegation: true } unary => new NegateNode(Plan(unary.Operand, grid, ""), grid, unary.Position),
        UnaryExpression unary => InParentheses(Plan(unary.Operand, grid, ""), unary.Position),
        VectorSelector selector => PlanSelector(selector, grid, function, wantsTimestamp: false),
        MatrixSelector matrix => PlanRange(matrix, grid, function),
        SubqueryExpression subquery => PlanSubquery(subquery, grid),
        AggregateExpression aggregate => PlanAggregate(aggregate, grid),
        BinaryExpression binary => new BinaryNode(
            binary.Operator, Plan(binary.Left, grid, ""), Plan(binary.Right, grid, ""), binary.Matching, binary.ReturnsBool, grid, binary.Position),
        CallExpression call => PlanCall(call, grid),
        _ => throw new QueryException(QueryErrorKind.Internal, $"unhandled expression of type {expression.GetType().Name}"),
    };

    // Parentheses and a plus before it do nothing but lengthen it.
    private static PlanNode InParentheses(PlanNode node, PositionRange position) => node with { Position = position };

    private SelectNode PlanSelector(VectorSelector selector, StepGrid grid, string function, bool wantsTimestamp) =>
        new(SourceOf(selector, function), lookbackMs, wantsTimestamp, grid, selector.Position);

    private RangeSelectNode PlanRange(MatrixSelector matrix, StepGrid grid, string function)
    {
        long rangeMs = DurationEvaluator.Evaluate(matrix.Range, query, mustBePositive: true);
        return new RangeSelectNode(SourceOf(matrix.Selector, function), rangeMs, lookbackMs, grid, matrix.Position);
    }

    private SeriesSource SourceOf(VectorSelector selector, string function) => new(
        selector.Name,
        selector.Matchers,
        DurationEvaluator.Evaluate(selector.Offset, query, mustBePositive: false),
        Resolve(selector.At),
        selector.Extension) { Function = function };

    private SubqueryNode PlanSubquery(SubqueryExpression subquery, StepGrid grid)
    {
        long rangeMs = DurationEvaluator.Evaluate(subquery.Range, query, mustBePositive: true);
        long stepMs = subquery.Step is { } step ? DurationEvaluator.Evaluate(step, query, mustBePositive: true) : 0;
        if (stepMs == 0)
        {
            stepMs = options.DefaultSubqueryStepMs(rangeMs);
        }

        long offsetMs = DurationEvaluator.Evaluate(subquery.Offset, query, mustBePositive: false);
        long? atMs = Resolve(subquery.At);
        ReferenceTimes times = ReferenceTimes.Of(grid, offsetMs, atMs);

        // Inner evaluations happen at multiples of the step; the left end of the range is open.
        long leftMs = times.FirstMs - rangeMs;
        long startMs = stepMs * (leftMs / stepMs);
        if (startMs <= leftMs)
        {
            startMs += stepMs;
        }

        // Columns are as long as the grid, so one that no budget could hold must not even be planned.
        if ((times.LastMs - startMs) / stepMs >= Math.Min(options.MaxSamples, int.MaxValue))
        {
            throw new QueryException(QueryErrorKind.Execution, "query processing would load too many samples into memory in query execution");
        }

        StepGrid inner = StepGrid.Between(startMs, times.LastMs, stepMs);
        return new SubqueryNode(Plan(subquery.Inner, inner, ""), rangeMs, offsetMs, atMs, grid, subquery.Position);
    }

    private AggregateNode PlanAggregate(AggregateExpression aggregate, StepGrid grid)
    {
        string function = aggregate.Operator.ToString().ToLowerInvariant();
        return new AggregateNode(
            aggregate.Operator,
            Plan(aggregate.Inner, grid, function),
            aggregate.Parameter is null ? null : Plan(Unwrap(aggregate.Parameter), grid, ""),
            aggregate.Grouping,
            aggregate.IsWithout,
            grid,
            aggregate.Position);
    }

    private PlanNode PlanCall(CallExpression call, StepGrid grid)
    {
        string name = call.Function.Name;
        CheckExtension(call);
        switch (name)
        {
            case "start":
                return new NumberNode(query.StartMs / 1000.0, grid, call.Position);
            case "end":
                return new NumberNode(query.EndMs / 1000.0, grid, call.Position);
            case "step":
                return new NumberNode(query.StepMs / 1000.0, grid, call.Position);
            case "range":
                return new NumberNode((query.EndMs - query.StartMs) / 1000.0, grid, call.Position);
            case "timestamp" when Unwrap(call.Arguments[0]) is VectorSelector selector:
                // The timestamps of the samples themselves; a pinned selector still is a column of its own.
                SelectNode select = LookFromPin(PlanSelector(selector, grid, name, wantsTimestamp: true));
                return new CallNode(call.Function, [select], grid, call.Position);
            case "start_timestamp" when options.UseStartTimestamps && Unwrap(call.Arguments[0]) is VectorSelector selector:
                SelectNode starts = PlanSelector(selector, grid, name, wantsTimestamp: false) with { WantsStartTimestamp = true };
                return new CallNode(call.Function, [starts], grid, call.Position);
        }

        // Places are told without the parentheses around an argument. Where upstream computes an argument once for all steps, but not the call, they belong to it.
        bool isPinned = StepInvariance.Holds(call);
        var arguments = new PlanNode[call.Arguments.Count];
        for (int i = 0; i < arguments.Length; i++)
        {
            Expression argument = call.Arguments[i];
            argument = isPinned || !StepInvariance.Holds(argument) ? Unwrap(argument) : argument;

            // The second argument of info() is no vector to evaluate: it lists matchers.
            arguments[i] = name == "info" && i == 1 ? PlanBare(argument, grid, name) : Plan(argument, grid, name);
        }

        return new CallNode(call.Function, arguments, grid, call.Position);
    }

    // Upstream's timestamp(x @ t offset d) looks back from t, as if there was no offset, over the samples that the offset leaves:
    // those that are in both windows.
    private static SelectNode LookFromPin(SelectNode select) => select.Source is { AtMs: { } atMs, OffsetMs: not 0 and var offsetMs }
        ? select with { Source = select.Source with { AtMs = atMs - Math.Max(0, offsetMs), OffsetMs = 0 }, LookbackMs = Math.Max(0, select.LookbackMs - Math.Abs(offsetMs)) }
        : select;

    private static void CheckExtension(CallExpression call)
    {
        foreach (Expression argument in call.Arguments)
        {
            if (Unwrap(argument) is MatrixSelector { Selector.Extension: not SelectorExtension.None } matrix)
            {
                bool smoothed = matrix.Selector.Extension == SelectorExtension.Smoothed;
                bool allowed = call.Function.Name is "delta" or "increase" or "rate" || (!smoothed && call.Function.Name is ("changes" or "resets"));
                if (!allowed)
                {
                    throw new QueryException(
                        QueryErrorKind.Execution,
                        smoothed
                            ? $"smoothed modifier can only be used with: delta, increase, rate - not with {call.Function.Name}"
                            : $"anchored modifier can only be used with: changes, delta, increase, rate, resets - not with {call.Function.Name}");
                }
            }
        }
    }

    private long? Resolve(AtModifier at) => at.Kind switch
    {
        AtKind.Timestamp => at.TimestampMs,
        AtKind.Start => query.StartMs,
        AtKind.End => query.EndMs,
        _ => null,
    };

    internal static Expression Unwrap(Expression expression)
    {
        while (expression is ParenExpression paren)
        {
            expression = paren.Inner;
        }

        return expression;
    }
}
