using Narthex.PromQL.Functions.Range;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>Applies a range function: one kernel call for each series.</summary>
internal sealed class RangeFunctionOperator(RangeFunction function, RangeCall call, IRangeOperator input) : ISeriesOperator
{
    private readonly RangeInput _input = new();
    private SeriesBatches? _batches;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = input.GetSeries();
        if (input is RangeSelectOperator selection)
        {
            _batches = SeriesBatches.ForHeavy(series.Count, call.Grid, selection.SpanMs, call.Context, selection.Scope, (index, samples, block) =>
            {
                SampleCount count = selection.Read(index, samples);
                block.Clear();
                function.Kernel(call, samples, block);
                return (samples.Raw.Count, count);
            });
        }

        if (function.KeepsName)
        {
            return series;
        }

        return MetricSchema.Drop(series, call.Context);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_batches is not null)
        {
            return _batches.TryReadNext(block);
        }

        if (!input.TryReadNext(_input))
        {
            return false;
        }

        block.Clear();
        function.Kernel(call, _input, block);
        return true;
    }

    public void Dispose()
    {
        input.Dispose();
        _batches?.Dispose();
        _input.Dispose();
    }
}
