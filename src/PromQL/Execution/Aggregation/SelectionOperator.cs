using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary><c>topk</c>, <c>bottomk</c>, <c>limitk</c> and <c>limit_ratio</c>: some of the input series stay, with all their labels.</summary>
/// <remarks>At one step only, the result comes in order of the values, group by group; otherwise in the order of the input.</remarks>
internal sealed class SelectionOperator(AggregateNode node, ISeriesOperator input, double[] parameters, QueryContext context) : ISeriesOperator
{
    private readonly BufferedSeries _buffer = new(input, node.Grid.Count, context);
    private readonly List<int> _order = [];
    private int[] _groupOf = [];
    private int _groups;
    private StepColumn<bool> _kept;
    private IReadOnlyList<SeriesLabels> _series = [];
    private int _next;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        CheckParameters();
        _series = _buffer.GetSeries();
        var grouping = new LabelGrouping(node.Grouping, node.IsWithout);
        _groupOf = grouping.Assign(_series, context);
        _groups = grouping.Groups.Count;
        bool ignoresHistograms = node.Operator is AggregationOperator.TopK or AggregationOperator.BottomK;
        _buffer.ReadAll(ignoresHistograms ? RemoveHistograms : null);
        int steps = node.Grid.Count;
        _kept = context.Memory.TakeCleared<bool>(checked(_series.Count * steps));
        switch (node.Operator)
        {
            case AggregationOperator.LimitK:
                LimitCount();
                break;
            case AggregationOperator.LimitRatio:
                LimitRatio();
                break;
            default:
                SelectExtremes(node.Operator == AggregationOperator.TopK);
                break;
        }

        if (_order.Count == 0)
        {
            for (int i = 0; i < _series.Count; i++)
            {
                if (_kept.Span.Slice(i * steps, steps).Contains(true))
                {
                    _order.Add(i);
                }
            }
        }

        return _order.ConvertAll(i => _series[i]);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_next == _order.Count)
        {
            return false;
        }

        int series = _order[_next++];
        block.CopyFrom(_buffer[series]);
        block.Keep(_kept.Span.Slice(series * block.Count, block.Count), wanted: true);

        return true;
    }

    public void Dispose() => _buffer.Dispose();

    // A step that selects nothing does not look at its series.
    private void RemoveHistograms(StepBlock series)
    {
        for (int step = 0; series.HasHistograms && step < parameters.Length; step++)
        {
            if (parameters[step] < 1)
            {
                series.Remove(step);
            }
        }

        IgnoredHistograms.Remove(series, node, context);
    }

    // What is wrong about the parameters of all steps is told of the highest and the lowest.
    private void CheckParameters()
    {
        bool isRatio = node.Operator == AggregationOperator.LimitRatio;
        if (parameters.Length == 0)
        {
            return;
        }

        (double lowest, double highest) = ParameterRange.Of(parameters);
        if (double.IsNaN(highest))
        {
            throw new QueryException(QueryErrorKind.Execution, isRatio ? "Ratio value is NaN" : "Parameter value is NaN");
        }

        if (isRatio)
        {
            WarnCapped(highest > 1, highest, 1);
            WarnCapped(lowest < -1, lowest, -1);
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i] = Math.Clamp(parameters[i], -1, 1);
            }
        }
        else if (highest >= 1 && lowest <= long.MinValue)
        {
            throw new QueryException(QueryErrorKind.Execution, $"Scalar value {FloatFormat.FormatGeneral(lowest)} underflows int64");
        }
        else if (highest >= long.MaxValue)
        {
            throw new QueryException(QueryErrorKind.Execution, $"Scalar value {FloatFormat.FormatGeneral(highest)} overflows int64");
        }
    }

    private void WarnCapped(bool isCapped, double ratio, int cap)
    {
        if (isCapped)
        {
            context.Annotations.Warn(
                $"ratio value should be between -1 and 1, got {FloatFormat.FormatGeneral(ratio)}, capping to {cap}", node.Parameter!.Position, node.Position);
        }
    }

    private void SelectExtremes(bool isTop)
    {
        var members = new List<int>[_groups];
        for (int i = 0; i < _groupOf.Length; i++)
        {
            (members[_groupOf[i]] ??= []).Add(i);
        }

        var best = new BestOf(isTop);
        int steps = node.Grid.Count;
        foreach (List<int> group in members)
        {
            for (int step = 0; step < steps; step++)
            {
                best.Reset((int)Math.Clamp(parameters[step], 0, group.Count));
                if (best.Capacity == 0)
                {
                    continue;
                }

                foreach (int series in group)
                {
                    StepBlock block = _buffer[series];
                    if (block.Present[step])
                    {
                        best.Offer(block.Values[step], series);
                    }
                }

                foreach (int series in steps == 1 ? best.Sorted() : best.Series)
                {
                    _kept[(series * steps) + step] = true;
                    if (steps == 1)
                    {
                        _order.Add(series);
                    }
                }
            }

            context.ThrowIfCancelled();
        }
    }

    private void LimitCount()
    {
        int steps = node.Grid.Count;
        long[] taken = new long[_groups * steps];
        for (int i = 0; i < _series.Count; i++)
        {
            for (int step = 0; step < steps; step++)
            {
                ref long count = ref taken[(_groupOf[i] * steps) + step];
                if (_buffer[i].Present[step] && count < (long)parameters[step])
                {
                    count++;
                    _kept[(i * steps) + step] = true;
                }
            }
        }
    }

    private void LimitRatio()
    {
        int steps = node.Grid.Count;
        for (int i = 0; i < _series.Count; i++)
        {
            double offset = RatioSampling.OffsetOf(_series[i].Labels);
            for (int step = 0; step < steps; step++)
            {
                _kept[(i * steps) + step] = RatioSampling.Keeps(parameters[step], offset) && _buffer[i].Present[step];
            }
        }
    }
}
