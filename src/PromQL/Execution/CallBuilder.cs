using Narthex.PromQL.Execution.Operators;
using Narthex.PromQL.Functions.Histograms;
using Narthex.PromQL.Functions.Instant;
using Narthex.PromQL.Functions.Range;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Execution;

/// <summary>Makes operators of function calls.</summary>
internal sealed class CallBuilder(OperatorBuilder operators, QueryContext context)
{
    public ISeriesOperator Build(CallNode call)
    {
        string name = call.Function.Name;
        if (RangeFunctions.TryGet(name, out RangeFunction range))
        {
            return BuildRangeCall(call, range);
        }

        if (MathFunctions.TryGet(name, out MathFunctions.Column function))
        {
            ISeriesOperator input = call.Arguments.Count == 0 ? new ScalarVectorOperator(Times(call.Grid)) : Vector(call, 0);
            return Mapped(call, input, block =>
            {
                block.RemoveHistograms();
                function(block.Values);
            });
        }

        switch (name)
        {
            case "vector":
                return new ScalarVectorOperator(Scalar(call, 0));
            case "timestamp":
                return BuildTimestamp(call);
            case "start_timestamp":
                // Only samples have one; the values of an expression do not.
                return call.Arguments[0] is SelectNode { WantsStartTimestamp: true }
                    ? Mapped(call, Vector(call, 0), static _ => { })
                    : Mapped(call, Vector(call, 0), static block => block.Clear());
            case "absent":
                return new AbsentOperator(Vector(call, 0), AbsentOperator.LabelsOf(call.Arguments[0]), call.Grid.Count);
            case "clamp":
                return BuildClamp(call, Scalar(call, 1), Scalar(call, 2));
            case "clamp_min":
                return BuildClamp(call, Scalar(call, 1), null);
            case "clamp_max":
                return BuildClamp(call, null, Scalar(call, 1));
            case "round":
                return BuildRound(call);
            case "sort" or "sort_desc" or "sort_by_label" or "sort_by_label_desc":
                return BuildSort(call);
            case "label_replace":
                return operators.Deduplicated(LabelOperator.Replace(Vector(call, 0), Text(call, 1), Text(call, 2), Text(call, 3), Text(call, 4)), call, strict: true);
            case "label_join":
                return operators.Deduplicated(LabelOperator.Join(Vector(call, 0), Text(call, 1), Text(call, 2), Texts(call, 3)), call, strict: true);
            case "histogram_quantile":
                return operators.Deduplicated(
                    HistogramGroupOperator.Quantiles(
                        Vector(call, 1), call, context, call.Arguments[1].Position, [Scalar(call, 0)], [call.Arguments[0].Position], ""),
                    call);
            case "histogram_quantiles":
                return operators.Deduplicated(
                    HistogramGroupOperator.Quantiles(
                        Vector(call, 0), call, context, call.Arguments[0].Position,
                        [.. call.Arguments.Skip(2).Select(operators.Scalars.Evaluate)], [.. call.Arguments.Skip(2).Select(a => a.Position)], Text(call, 1)),
                    call);
            case "histogram_fraction":
                return operators.Deduplicated(
                    HistogramGroupOperator.Fraction(Vector(call, 2), call, context, call.Arguments[2].Position, Scalar(call, 0), Scalar(call, 1)), call);
            case "histogram_count":
                return BuildHistogram(call, static h => h.Count);
            case "histogram_sum":
                return BuildHistogram(call, static h => h.Sum);
            case "histogram_avg":
                return BuildHistogram(call, static h => h.Sum / h.Count);
            case "histogram_stdvar":
                return BuildHistogram(call, NativeHistogram.Variance);
            case "histogram_stddev":
                return BuildHistogram(call, static h => Math.Sqrt(NativeHistogram.Variance(h)));
            case "info":
                return operators.Deduplicated(InfoOperator.Create(call, Vector(call, 0), context), call);
            default:
                throw new QueryException(QueryErrorKind.Execution, $"function {name} is not supported yet");
        }
    }

    private ISeriesOperator Vector(CallNode call, int argument) => operators.Build(call.Arguments[argument]);

    private double[] Scalar(CallNode call, int argument) => operators.Scalars.Evaluate(call.Arguments[argument]);

    private static string Text(CallNode call, int argument) => ((TextNode)call.Arguments[argument]).Value;

    private static string[] Texts(CallNode call, int from) => [.. call.Arguments.Skip(from).Select(a => ((TextNode)a).Value)];

    private DeduplicateOperator Mapped(CallNode call, ISeriesOperator input, Action<StepBlock> map) =>
        operators.Deduplicated(new MapOperator(input, map, context), call);

    private ISeriesOperator BuildRangeCall(CallNode call, RangeFunction function)
    {
        PlanNode argument = call.Arguments.First(a => a.Type == ValueType.Matrix);
        var scalars = new List<double[]>();
        PositionRange scalarPosition = default;
        foreach (PlanNode other in call.Arguments)
        {
            if (other.Type == ValueType.Scalar)
            {
                scalarPosition = scalars.Count == 0 ? other.Position : scalarPosition;
                scalars.Add(operators.Scalars.Evaluate(other));
            }
        }

        IRangeOperator input = operators.BuildRange(argument);
        var rangeCall = new RangeCall
        {
            Context = context,
            Grid = call.Grid,
            Times = input.Times,
            RangeMs = input.RangeMs,
            LookbackMs = argument is RangeSelectNode select ? select.LookbackMs : 0,
            Extension = argument is RangeSelectNode extended ? extended.Source.Extension : SelectorExtension.None,
            Scalars = scalars,
            CallPosition = call.Position,

            // Upstream computes a subquery first, and its values no longer know where in the query they came from.
            RangePosition = argument is SubqueryNode ? default : argument.Position,
            ScalarPosition = scalarPosition,
            FirstPosition = call.Arguments[0] is SubqueryNode ? default : call.Arguments[0].Position,
        };
        var applied = new RangeFunctionOperator(function, rangeCall, input);
        return call.Function.Name == "absent_over_time"
            ? new AbsentOperator(applied, AbsentOperator.LabelsOf(argument), call.Grid.Count)
            : function.KeepsName ? applied : operators.Deduplicated(applied, call, strict: !context.DelayedNameRemoval);
    }

    private DeduplicateOperator BuildTimestamp(CallNode call)
    {
        if (call.Arguments[0] is SelectNode { WantsTimestamp: true })
        {
            return Mapped(call, Vector(call, 0), static _ => { });
        }

        double[] times = Times(call.Grid);
        return Mapped(call, Vector(call, 0), block =>
        {
            block.ClearHistograms();
            times.CopyTo(block.Values);
        });
    }

    private DeduplicateOperator BuildClamp(CallNode call, double[]? min, double[]? max) => Mapped(call, Vector(call, 0), block =>
    {
        block.RemoveHistograms();
        Span<double> values = block.Values;
        for (int i = 0; i < values.Length; i++)
        {
            double value = max is null ? values[i] : Smaller(max[i], values[i]);
            values[i] = min is null ? value : Larger(min[i], value);
            if (min is not null && max is not null && max[i] < min[i])
            {
                block.Remove(i);
            }
        }
    });

    private DeduplicateOperator BuildRound(CallNode call)
    {
        double[]? nearest = call.Arguments.Count > 1 ? Scalar(call, 1) : null;
        return Mapped(call, Vector(call, 0), block =>
        {
            block.RemoveHistograms();
            Span<double> values = block.Values;
            for (int i = 0; i < values.Length; i++)
            {
                // Multiplied by the inverse, as upstream: a division would round differently.
                double inverse = 1 / (nearest is null ? 1 : nearest[i]);
                values[i] = Math.Floor((values[i] * inverse) + 0.5) / inverse;
            }
        });
    }

    private ISeriesOperator BuildSort(CallNode call)
    {
        string name = call.Function.Name;
        if (!call.Grid.IsInstant || context.IsRangeQuery)
        {
            context.Annotations.Warn("sort is ineffective for range queries since results are always ordered by labels", call.Position);
            return name.StartsWith("sort_by_label", StringComparison.Ordinal)
                ? Vector(call, 0)
                : new MapOperator(Vector(call, 0), block => block.RemoveHistograms(), context, keepsName: true);
        }

        bool descending = name.EndsWith("_desc", StringComparison.Ordinal);
        return name.StartsWith("sort_by_label", StringComparison.Ordinal)
            ? new SortByLabelOperator(Vector(call, 0), Texts(call, 1), descending, context)
            : new SortOperator(Vector(call, 0), descending, context);
    }

    private DeduplicateOperator BuildHistogram(CallNode call, Func<Model.FloatHistogram, double> function) => Mapped(call, Vector(call, 0), block =>
    {
        for (int i = 0; i < block.Count; i++)
        {
            if (!block.Present[i])
            {
                continue;
            }

            if (block.HistogramAt(i) is { } histogram)
            {
                block.Set(i, function(histogram));
            }
            else
            {
                block.Remove(i);
            }
        }
    });

    // An infinity on its own side wins over NaN, as in the language that upstream is written in.
    private static double Smaller(double left, double right) =>
        double.IsNegativeInfinity(left) || double.IsNegativeInfinity(right) ? double.NegativeInfinity : Math.Min(left, right);

    private static double Larger(double left, double right) =>
        double.IsPositiveInfinity(left) || double.IsPositiveInfinity(right) ? double.PositiveInfinity : Math.Max(left, right);

    private static double[] Times(StepGrid grid)
    {
        double[] times = new double[grid.Count];
        for (int i = 0; i < times.Length; i++)
        {
            times[i] = grid.TimeAt(i) / 1000.0;
        }

        return times;
    }
}
