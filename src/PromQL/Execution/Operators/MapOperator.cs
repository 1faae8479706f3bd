namespace Narthex.PromQL.Execution.Operators;

/// <summary>A function of each series' column by itself. Names are dropped unless told otherwise.</summary>
internal sealed class MapOperator(ISeriesOperator input, Action<StepBlock> map, QueryContext context, bool keepsName = false) : ISeriesOperator
{
    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = input.GetSeries();
        if (keepsName)
        {
            return series;
        }

        return MetricSchema.Drop(series, context);
    }

    public bool TryReadNext(StepBlock block)
    {
        if (!input.TryReadNext(block))
        {
            return false;
        }

        map(block);
        return true;
    }

    public void Dispose() => input.Dispose();
}
