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
    private bool[] _kept = [];
    private IReadOnlyList<SeriesLabels> _series = [];
    private int _next;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        CheckParameters();
        _series = _buffer.GetSeries();
        var grouping = new LabelGrouping(node.Grouping, node.IsWithout);
        _groupOf = grouping.Assign(_series);
        _groups = grouping.Groups.Count;
        bool ignoresHistograms = node.Operator is AggregationOperator.TopK or AggregationOperator.BottomK;
        _buffer.ReadAll(ignoresHistograms ? series => IgnoredHistograms.Remove(series, node, context) : null);
        int steps = node.Grid.Count;
        _kept = new bool[_series.Count * steps];
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
                if (_kept.AsSpan(i * steps, steps).Contains(true))
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
        ReadOnlySpan<bool> kept = _kept.AsSpan(series * block.Count, block.Count);
        for (int i = 0; i < kept.Length; i++)
        {
            if (!kept[i])
            {
                block.Remove(i);
            }
        }

        return true;
    }

    public void Dispose() => _buffer.Dispose();

    private void CheckParameters()
    {
        bool isRatio = node.Operator == AggregationOperator.LimitRatio;
        for (int i = 0; i < parameters.Length; i++)
        {
            double parameter = parameters[i];
            if (double.IsNaN(parameter))
            {
                throw new QueryException(QueryErrorKind.Execution, isRatio ? "Ratio value is NaN" : "Parameter value is NaN");
            }

            if (isRatio && Math.Abs(parameter) > 1)
            {
                double capped = Math.Sign(parameter);
                context.Annotations.Warn(
                    $"ratio value should be between -1 and 1, got {FloatFormat.FormatGeneral(parameter)}, capping to {FloatFormat.FormatGeneral(capped)}",
                    node.Parameter!.Position);
                parameters[i] = capped;
            }
            else if (!isRatio && parameter <= long.MinValue)
            {
                throw new QueryException(QueryErrorKind.Execution, $"Scalar value {FloatFormat.FormatGeneral(parameter)} underflows int64");
            }
            else if (!isRatio && parameter >= long.MaxValue)
            {
                throw new QueryException(QueryErrorKind.Execution, $"Scalar value {FloatFormat.FormatGeneral(parameter)} overflows int64");
            }
        }
    }

    // NaN is always the first to go. Among equals the earlier series stays.
    private void SelectExtremes(bool isTop)
    {
        var members = new List<int>[_groups];
        for (int i = 0; i < _groupOf.Length; i++)
        {
            (members[_groupOf[i]] ??= []).Add(i);
        }

        var candidates = new List<(double Value, int Series)>();
        Comparison<(double Value, int Series)> comparison = (a, b) =>
        {
            bool aIsNaN = double.IsNaN(a.Value);
            bool bIsNaN = double.IsNaN(b.Value);
            int order = aIsNaN || bIsNaN ? aIsNaN.CompareTo(bIsNaN) : isTop ? b.Value.CompareTo(a.Value) : a.Value.CompareTo(b.Value);
            return order != 0 ? order : a.Series.CompareTo(b.Series);
        };
        int steps = node.Grid.Count;
        foreach (List<int> group in members)
        {
            for (int step = 0; step < steps; step++)
            {
                long count = (long)parameters[step];
                if (count < 1)
                {
                    continue;
                }

                candidates.Clear();
                foreach (int series in group)
                {
                    if (_buffer[series].Present[step])
                    {
                        candidates.Add((_buffer[series].Values[step], series));
                    }
                }

                candidates.Sort(comparison);
                for (int i = 0; i < Math.Min(count, candidates.Count); i++)
                {
                    _kept[(candidates[i].Series * steps) + step] = true;
                    if (steps == 1)
                    {
                        _order.Add(candidates[i].Series);
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
