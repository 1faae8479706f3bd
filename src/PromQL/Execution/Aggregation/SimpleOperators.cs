using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>Shared by the aggregations that ignore native histograms.</summary>
internal static class IgnoredHistograms
{
    public static void Remove(StepBlock series, AggregateNode node, QueryContext context)
    {
        if (series.RemoveHistograms())
        {
            // Upstream names the operator itself where series are selected, and its operand elsewhere.
            bool selects = node.Operator is AggregationOperator.TopK or AggregationOperator.BottomK;
            context.Annotations.Inform(
                $"ignored histogram in {node.Operator.ToString().ToLowerInvariant()} aggregation", selects ? node.OwnPosition : node.Inner.Position, node.Position);
        }
    }
}

/// <summary><c>count</c> and <c>group</c></summary>
internal sealed class CountOperator(AggregateNode node, ISeriesOperator input, QueryContext context, bool isGroup) : FoldOperator(node, input, context)
{
    private StepColumn<double> _counts;

    protected override void Prepare(int groups) => _counts = MakeColumn(0);

    protected override void Fold(int group, StepBlock series)
    {
        Span<double> counts = Row(_counts, group);
        ReadOnlySpan<bool> present = series.Present;
        for (int i = 0; i < counts.Length; i++)
        {
            counts[i] += present[i] ? 1 : 0;
        }
    }

    protected override void Emit(int group, StepBlock output)
    {
        Span<double> counts = Row(_counts, group);
        for (int i = 0; i < counts.Length; i++)
        {
            if (counts[i] > 0)
            {
                output.Set(i, isGroup ? 1 : counts[i]);
            }
        }
    }
}

/// <summary><c>min</c> and <c>max</c>: NaN only wins if there is nothing else.</summary>
internal sealed class ExtremeOperator(AggregateNode node, ISeriesOperator input, QueryContext context, bool isMax) : FoldOperator(node, input, context)
{
    private StepColumn<double> _extremes;
    private StepColumn<bool> _seen;

    protected override void Prepare(int groups)
    {
        _extremes = MakeColumn(double.NaN);
        _seen = MakeMarks();
    }

    protected override void Fold(int group, StepBlock series)
    {
        IgnoredHistograms.Remove(series, Node, Context);
        Span<double> extremes = Row(_extremes, group);
        Span<bool> seen = Row(_seen, group);
        ReadOnlySpan<double> values = series.Values;
        ReadOnlySpan<bool> present = series.Present;
        for (int i = 0; i < extremes.Length; i++)
        {
            if (present[i])
            {
                seen[i] = true;
                if (double.IsNaN(extremes[i]) || (isMax ? values[i] > extremes[i] : values[i] < extremes[i]))
                {
                    extremes[i] = values[i];
                }
            }
        }
    }

    protected override void Emit(int group, StepBlock output)
    {
        Row(_extremes, group).CopyTo(output.Values);
        Row(_seen, group).CopyTo(output.Present);
    }
}

/// <summary><c>stddev</c> and <c>stdvar</c>, by Welford's method as upstream.</summary>
internal sealed class VarianceOperator(AggregateNode node, ISeriesOperator input, QueryContext context, bool squareRoot) : FoldOperator(node, input, context)
{
    private StepColumn<double> _counts;
    private StepColumn<double> _means;
    private StepColumn<double> _squares;

    protected override void Prepare(int groups)
    {
        _counts = MakeColumn(0);
        _means = MakeColumn(0);
        _squares = MakeColumn(0);
    }

    protected override void Fold(int group, StepBlock series)
    {
        IgnoredHistograms.Remove(series, Node, Context);
        Span<double> counts = Row(_counts, group);
        Span<double> means = Row(_means, group);
        Span<double> squares = Row(_squares, group);
        for (int i = 0; i < counts.Length; i++)
        {
            if (!series.Present[i])
            {
                continue;
            }

            double value = series.Values[i];
            counts[i]++;
            if (counts[i] == 1)
            {
                means[i] = value;
                squares[i] = double.IsFinite(value) ? 0 : double.NaN;
                continue;
            }

            double delta = value - means[i];
            means[i] += delta / counts[i];
            squares[i] += delta * (value - means[i]);
        }
    }

    protected override void Emit(int group, StepBlock output)
    {
        for (int i = 0; i < Steps; i++)
        {
            int slot = (group * Steps) + i;
            if (_counts[slot] > 0)
            {
                double variance = _squares[slot] / _counts[slot];
                output.Set(i, squareRoot ? Math.Sqrt(variance) : variance);
            }
        }
    }
}
