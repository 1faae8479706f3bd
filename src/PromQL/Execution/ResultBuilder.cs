using Narthex.Model;
using Narthex.PromQL.Execution.Operators;
using Narthex.PromQL.Planning;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Execution;

/// <summary>Runs a plan and collects what it yields.</summary>
/// <param name="plan">The plan.</param>
/// <param name="context">What the query shares.</param>
/// <param name="columns">Where the columns of a matrix are. They belong to the result and go with it.</param>
internal sealed class ResultBuilder(PlanNode plan, QueryContext context, ResultColumns columns)
{
    private readonly OperatorBuilder _operators = new(context);

    /// <summary>How long sorting took, in ticks of the stopwatch; null if there was nothing to sort.</summary>
    public long? SortTicks { get; private set; }

    /// <summary>The samples of one step.</summary>
    public IReadOnlyList<VectorSample> BuildVector(long timestampMs)
    {
        using ISeriesOperator root = Root();
        using var block = new StepBlock(context.Memory, 1);
        IReadOnlyList<SeriesLabels> series = root.GetSeries();
        var result = new ResultVector(columns, series.Count, timestampMs);
        for (int i = 0; root.TryReadNext(block); i++)
        {
            context.ThrowIfCancelled();
            if (block.Present[0])
            {
                context.HoldSamples(1);
                result.Add(columns.Labels.Add(series, i), block.Values[0], block.HistogramAt(0));
            }
        }

        return result;
    }

    /// <summary>All steps, series in order of their labels.</summary>
    public List<MatrixSeries> BuildMatrix()
    {
        var result = new List<MatrixSeries>();
        if (plan.Type == ValueType.Scalar)
        {
            double[] column = _operators.Scalars.Evaluate(plan);
            long[] times = new long[column.Length];
            for (int i = 0; i < times.Length; i++)
            {
                times[i] = plan.Grid.TimeAt(i);
            }

            context.HoldSamples(column.Length);
            result.Add(new MatrixSeries { Labels = Labels.Empty, Timestamps = times, Values = column });
            return result;
        }

        using ISeriesOperator root = Root();
        using var block = new StepBlock(context.Memory, plan.Grid.Count);
        IReadOnlyList<SeriesLabels> series = root.GetSeries();
        for (int i = 0; root.TryReadNext(block); i++)
        {
            context.ThrowIfCancelled();
            if (Collect(series, i, block) is { } found)
            {
                result.Add(found);
            }
        }

        Sort(result);
        return result;
    }

    /// <summary>The raw samples of a range expression at one time.</summary>
    public List<MatrixSeries> BuildRange()
    {
        var result = new List<MatrixSeries>();
        using IRangeOperator root = _operators.BuildRange(plan, isResult: true);
        using var input = new RangeInput();
        IReadOnlyList<SeriesLabels> series = root.GetSeries();
        for (int i = 0; root.TryReadNext(input); i++)
        {
            context.ThrowIfCancelled();
            int from = input.FloatStarts[0];
            int to = input.FloatEnds[0];
            int histogramFrom = input.HasHistograms ? input.HistogramStarts[0] : 0;
            int histogramTo = input.HasHistograms ? input.HistogramEnds[0] : 0;
            if (to - from + histogramTo - histogramFrom == 0)
            {
                continue;
            }

            context.HoldSamples(to - from + histogramTo - histogramFrom);
            bool dropsName = series is not SelectedSeries && series[i].DropName;
            result.Add(new MatrixSeries
            {
                Labels = dropsName ? MetricSchema.Drop(series[i].Labels) : Labels.Empty,
                OwnLabels = dropsName ? default : OwnLabels(series, i),
                Timestamps = columns.Times(input.FloatTimes[from..to]),
                Values = columns.Values(input.FloatValues[from..to]),
                HistogramTimestamps = input.HistogramTimes[histogramFrom..histogramTo].ToArray(),
                Histograms = input.Histograms[histogramFrom..histogramTo].ToArray(),
            });
        }

        Sort(result);
        return result;
    }

    public double BuildScalar() => _operators.Scalars.Evaluate(plan)[0];

    private ISeriesOperator Root()
    {
        ISeriesOperator root = _operators.Build(plan);
        return context.DelayedNameRemoval ? _operators.Deduplicated(new DropNamesOperator(root), plan) : root;
    }

    private MatrixSeries? Collect(IReadOnlyList<SeriesLabels> series, int index, StepBlock block)
    {
        int present = block.Present.Count(true);
        if (present == 0)
        {
            return null;
        }

        context.HoldSamples(present);
        if (block.HasHistograms)
        {
            return CollectMixed(series[index].Labels, block, present);
        }

        return new MatrixSeries
        {
            OwnLabels = OwnLabels(series, index),
            Timestamps = columns.Times(plan.Grid, block.Present, present),
            Values = PresentValues(block, present),
        };
    }

    private ReadOnlyMemory<byte> OwnLabels(IReadOnlyList<SeriesLabels> series, int index) => columns.Labels.Get(columns.Labels.Add(series, index));

    private ReadOnlyMemory<double> PresentValues(StepBlock block, int count)
    {
        Span<bool> present = block.Present;
        int first = present.IndexOf(true);
        if (present.LastIndexOf(true) - first + 1 == count)
        {
            return columns.Values(block.Values.Slice(first, count));
        }

        Memory<double> column = columns.TakeValues(count);
        Span<double> values = column.Span;
        int next = 0;
        for (int step = first; next < count; step++)
        {
            if (present[step])
            {
                values[next++] = block.Values[step];
            }
        }

        return column;
    }

    private MatrixSeries CollectMixed(Labels labels, StepBlock block, int present)
    {
        int histogramCount = 0;
        foreach (FloatHistogram? histogram in block.Histograms)
        {
            histogramCount += histogram is null ? 0 : 1;
        }

        long[] times = new long[present - histogramCount];
        double[] values = new double[present - histogramCount];
        long[] histogramTimes = new long[histogramCount];
        FloatHistogram[] histograms = new FloatHistogram[histogramCount];
        for (int step = 0, f = 0, h = 0; step < block.Count; step++)
        {
            if (!block.Present[step])
            {
                continue;
            }

            if (block.HistogramAt(step) is { } histogram)
            {
                histogramTimes[h] = plan.Grid.TimeAt(step);
                histograms[h++] = histogram;
            }
            else
            {
                times[f] = plan.Grid.TimeAt(step);
                values[f++] = block.Values[step];
            }
        }

        return new MatrixSeries { Labels = labels, Timestamps = times, Values = values, HistogramTimestamps = histogramTimes, Histograms = histograms };
    }

    private void Sort(List<MatrixSeries> series)
    {
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        if (!IsSorted(series))
        {
            series.Sort(static (a, b) => Labels.CompareEncoded(a.EncodedLabels, b.EncodedLabels));
        }

        SortTicks = System.Diagnostics.Stopwatch.GetTimestamp() - started;
    }

    // As storage hands them out, which dropping the one name that all have does not change.
    private static bool IsSorted(List<MatrixSeries> series)
    {
        for (int i = 1; i < series.Count; i++)
        {
            if (Labels.CompareEncoded(series[i - 1].EncodedLabels, series[i].EncodedLabels) > 0)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The end of a query with delayed name removal: what was marked is dropped now.</summary>
internal sealed class DropNamesOperator(ISeriesOperator input) : ISeriesOperator
{
    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = input.GetSeries();
        var output = new SeriesLabels[series.Count];
        for (int i = 0; i < output.Length; i++)
        {
            output[i] = series[i].DropName ? new SeriesLabels(MetricSchema.Drop(series[i].Labels)) : series[i];
        }

        return output;
    }

    public bool TryReadNext(StepBlock block) => input.TryReadNext(block);

    public void Dispose() => input.Dispose();
}
