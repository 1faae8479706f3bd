using Narthex.PromQL.Functions;
using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary><c>quantile</c>: needs all values of a group at once.</summary>
internal sealed class QuantileOperator(AggregateNode node, ISeriesOperator input, double[] quantiles, QueryContext context) : ISeriesOperator
{
    private readonly BufferedSeries _buffer = new(input, node.Grid.Count, context);
    private int[] _groupOf = [];
    private List<int>[] _members = [];
    private int _next;
    private bool _consumed;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        CheckQuantiles();

        var grouping = new LabelGrouping(node.Grouping, node.IsWithout);
        _groupOf = grouping.Assign(_buffer.GetSeries(), context);
        _members = new List<int>[grouping.Groups.Count];
        for (int i = 0; i < _groupOf.Length; i++)
        {
            (_members[_groupOf[i]] ??= []).Add(i);
        }

        return grouping.Groups;
    }

    // Of the quantiles of all steps the highest and the lowest are judged, and whether there is a NaN.
    private void CheckQuantiles()
    {
        if (quantiles.Length == 0)
        {
            return;
        }

        (double lowest, double highest) = ParameterRange.Of(quantiles);

        // The highest may be too low as well: then the lowest is told of.
        QuantileMath.Check(context.Annotations, Math.Max(highest, 0), node.Parameter!.Position, node.Position);
        QuantileMath.Check(context.Annotations, Math.Min(lowest, 1), node.Parameter!.Position, node.Position);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (!_consumed)
        {
            _consumed = true;
            _buffer.ReadAll(series => IgnoredHistograms.Remove(series, node, context));
        }

        if (_next == _members.Length)
        {
            return false;
        }

        block.Clear();
        List<int> members = _members[_next++];
        StepColumn<double> column = context.Memory.Take<double>(members.Count);
        Span<double> values = column.Span;
        for (int step = 0; step < block.Count; step++)
        {
            int count = 0;
            foreach (int member in members)
            {
                StepBlock series = _buffer[member];
                if (series.Present[step])
                {
                    values[count++] = series.Values[step];
                }
            }

            if (count > 0)
            {
                Span<double> found = values[..count];
                found.Sort();
                block.Set(step, QuantileMath.OfSorted(quantiles[step], found));
            }
        }

        context.Memory.Return(column);
        return true;
    }

    public void Dispose() => _buffer.Dispose();
}
