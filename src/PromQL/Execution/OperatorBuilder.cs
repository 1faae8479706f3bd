using Narthex.PromQL.Execution.Aggregation;
using Narthex.PromQL.Execution.Binary;
using Narthex.PromQL.Execution.Operators;
using Narthex.PromQL.Functions.Range;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Execution;

/// <summary>Makes operators of plan nodes. Scalar arguments are computed at once: they are one column each.</summary>
internal sealed class OperatorBuilder
{
    private readonly QueryContext _context;
    private readonly CallBuilder _calls;

    public OperatorBuilder(QueryContext context)
    {
        _context = context;
        Scalars = new ScalarEvaluator(this, context);
        _calls = new CallBuilder(this, context);
    }

    public ScalarEvaluator Scalars { get; }

    /// <summary>The operator of a vector expression.</summary>
    public ISeriesOperator Build(PlanNode node) => _context.Profile is { } profile ? BuildProfiled(node, profile.Of(node)) : BuildShared(node);

    /// <summary>The operator of a range selector or subquery; as the whole query, or as the argument of a function.</summary>
    public IRangeOperator BuildRange(PlanNode node, bool isResult = false) =>
        _context.Profile is { } profile ? BuildProfiledRange(node, isResult, profile.Of(node)) : BuildBareRange(node, isResult);

    /// <summary>Joins series that dropping names made alike.</summary>
    public DeduplicateOperator Deduplicated(ISeriesOperator input, PlanNode node, bool strict = false) => new(input, strict, node.Grid, _context);

    private ProfiledOperator BuildProfiled(PlanNode node, QueryProfile.Meter meter) => new(meter.Run(() => BuildShared(node)), meter);

    private ProfiledRangeOperator BuildProfiledRange(PlanNode node, bool isResult, QueryProfile.Meter meter) =>
        new(meter.Run(() => BuildBareRange(node, isResult)), meter);

    private ISeriesOperator BuildShared(PlanNode node) => _context.Shared is { } shared ? shared.Build(node, BuildBare) : BuildBare(node);

    private ISeriesOperator BuildBare(PlanNode node) => node switch
    {
        SelectNode select => new SelectOperator(select, _context),
        StepInvariantNode invariant => new StepInvariantOperator(_context.Within(new StepInvariantScope(invariant, _context.Scope), () => Build(invariant.Inner)), _context),
        NegateNode negate => Deduplicated(new MapOperator(Build(negate.Inner), Negate, _context), node, strict: true),
        AggregateNode aggregate => BuildAggregate(aggregate),
        BinaryNode binary => BuildBinary(binary),
        CallNode call => _calls.Build(call),
        _ => throw new QueryException(QueryErrorKind.Internal, $"unexpected vector expression {node.GetType().Name}"),
    };

    private IRangeOperator BuildBareRange(PlanNode node, bool isResult) => node switch
    {
        RangeSelectNode select => new RangeSelectOperator(select, _context),
        SubqueryNode subquery => new SubqueryOperator(
            subquery, _context.Within(new SubqueryScope(subquery, _context.Scope, isResult), () => BuildInner(subquery.Inner)), isResult, _context),
        _ => throw new QueryException(QueryErrorKind.Internal, $"unexpected range expression {node.GetType().Name}"),
    };

    private ISeriesOperator BuildInner(PlanNode node) =>
        node.Type == ValueType.Scalar ? new ScalarVectorOperator(Scalars.Evaluate(node)) : Build(node);

    private static void Negate(StepBlock block)
    {
        Span<double> values = block.Values;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = -values[i];
        }

        if (block.HasHistograms)
        {
            for (int i = 0; i < values.Length; i++)
            {
                if (block.HistogramAt(i) is { } histogram)
                {
                    block.Set(i, histogram.Scaled(-1));
                }
            }
        }
    }

    private DeduplicateOperator BuildBinary(BinaryNode node)
    {
        if (node.Left.Type == ValueType.Scalar)
        {
            return Deduplicated(new ScalarOperator(node, Build(node.Right), Scalars.Evaluate(node.Left), scalarIsLeft: true, _context), node);
        }

        if (node.Right.Type == ValueType.Scalar)
        {
            return Deduplicated(new ScalarOperator(node, Build(node.Left), Scalars.Evaluate(node.Right), scalarIsLeft: false, _context), node);
        }

        ISeriesOperator left = Build(node.Left);
        ISeriesOperator right = Build(node.Right);
        return node.Operator is BinaryOperator.And or BinaryOperator.Or or BinaryOperator.Unless
            ? Deduplicated(new SetOperator(node, left, right, _context), node)
            : Deduplicated(new MatchOperator(node, left, right, _context), node);
    }

    private ISeriesOperator BuildAggregate(AggregateNode node)
    {
        double[] parameter = node.Parameter is { Type: ValueType.Scalar } scalar ? Scalars.Evaluate(scalar) : [];
        ISeriesOperator input = Build(node.Inner);
        return node.Operator switch
        {
            AggregationOperator.Sum => new SumOperator(node, input, _context),
            AggregationOperator.Avg => new AverageOperator(node, input, _context),
            AggregationOperator.Count => new CountOperator(node, input, _context, isGroup: false),
            AggregationOperator.Group => new CountOperator(node, input, _context, isGroup: true),
            AggregationOperator.Min => new ExtremeOperator(node, input, _context, isMax: false),
            AggregationOperator.Max => new ExtremeOperator(node, input, _context, isMax: true),
            AggregationOperator.Stddev => new VarianceOperator(node, input, _context, squareRoot: true),
            AggregationOperator.Stdvar => new VarianceOperator(node, input, _context, squareRoot: false),
            AggregationOperator.Quantile => new QuantileOperator(node, input, parameter, _context),
            AggregationOperator.CountValues => new CountValuesOperator(node, input, ((TextNode)node.Parameter!).Value, _context),
            _ => new SelectionOperator(node, input, parameter, _context),
        };
    }
}
