using System.Text;
using Narthex.Model;
using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary><c>count_values</c>: the values become labels, so the series are only known when all has been read.</summary>
internal sealed class CountValuesOperator(AggregateNode node, ISeriesOperator input, string labelName, QueryContext context) : ISeriesOperator
{
    // Each bit pattern of NaN is a value of its own here, though all have one text: what is remembered of them has an end.
    private const int KnownMax = 10_000;

    private readonly List<StepBlock> _counts = [];
    private int _next;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        if (labelName.Length == 0 || labelName.Contains('\uFFFD', StringComparison.Ordinal))
        {
            // Bytes that are no UTF-8 are lost in the text; the query still has them as they were written.
            string literal = context.SourceOf(node.Parameter!.Position);
            throw new QueryException(QueryErrorKind.Execution, "invalid label name " + (literal.StartsWith('"') ? literal : GoQuote.Quote(labelName)));
        }

        IReadOnlyList<SeriesLabels> series = input.GetSeries();
        byte[] name = Encoding.UTF8.GetBytes(labelName);
        var grouping = new LabelGrouping(node.Grouping, node.IsWithout);

        // "without" takes the new label away like any other.
        bool isDropped = node.IsWithout && !grouping.Keeps(name);
        var ids = new Dictionary<Labels, int>();
        var output = new List<SeriesLabels>();
        var builder = new LabelsBuilder();

        // Which series a value belongs to, for the group that came last: neighbours are mostly in the same.
        var known = new Dictionary<long, int>();
        Labels knownGroup = Labels.Empty;
        using var block = new StepBlock(context.Memory, node.Grid.Count);
        for (int i = 0; input.TryReadNext(block); i++)
        {
            context.ThrowIfCancelled();
            Labels group = grouping.Project(series[i].Labels);
            if (known.Count > KnownMax || !group.Equals(knownGroup))
            {
                known.Clear();
                knownGroup = group;
            }

            for (int step = 0; step < block.Count; step++)
            {
                if (!block.Present[step])
                {
                    continue;
                }

                FloatHistogram? histogram = block.HistogramAt(step);
                double value = block.Values[step];
                if (histogram is not null || !known.TryGetValue(BitConverter.DoubleToInt64Bits(value), out int id))
                {
                    id = IdOf(isDropped ? group : builder.Reset(group).Set(name, Encoding.UTF8.GetBytes(histogram?.ToString() ?? FloatFormat.FormatPlain(value))).ToLabels(), ids, output);
                    if (histogram is null)
                    {
                        known.Add(BitConverter.DoubleToInt64Bits(value), id);
                    }
                }

                StepBlock counts = _counts[id];
                counts.Set(step, counts.Present[step] ? counts.Values[step] + 1 : 1);
            }
        }

        return output;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_next == _counts.Count)
        {
            return false;
        }

        block.CopyFrom(_counts[_next++]);
        return true;
    }

    public void Dispose()
    {
        input.Dispose();
        context.ReleaseSamples((long)_counts.Count * node.Grid.Count);
        foreach (StepBlock counts in _counts)
        {
            counts.Dispose();
        }

        _counts.Clear();
    }

    private int IdOf(Labels labels, Dictionary<Labels, int> ids, List<SeriesLabels> output)
    {
        if (!ids.TryGetValue(labels, out int id))
        {
            id = output.Count;
            ids.Add(labels, id);
            output.Add(new SeriesLabels(labels));
            context.HoldSamples(node.Grid.Count);
            _counts.Add(new StepBlock(context.Memory, node.Grid.Count));
        }

        return id;
    }
}
