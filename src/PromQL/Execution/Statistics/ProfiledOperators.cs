namespace Narthex.PromQL.Execution;

/// <summary>Measures what is inside of it.</summary>
internal sealed class ProfiledOperator(ISeriesOperator inner, QueryProfile.Meter meter) : ISeriesOperator
{
    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = meter.Run(inner.GetSeries);
        meter.Series += series.Count;
        return series;
    }

    public bool TryReadNext(StepBlock block)
    {
        long started = meter.Begin();
        try
        {
            bool found = inner.TryReadNext(block);
            meter.Samples += found ? block.Present.Count(true) : 0;
            return found;
        }
        finally
        {
            meter.End(started);
        }
    }

    public void Dispose()
    {
        long started = meter.Begin();
        inner.Dispose();
        meter.End(started);
    }
}

/// <summary>Measures the range selector or subquery inside of it.</summary>
internal sealed class ProfiledRangeOperator(IRangeOperator inner, QueryProfile.Meter meter) : IRangeOperator
{
    public ReferenceTimes Times => inner.Times;

    public long RangeMs => inner.RangeMs;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = meter.Run(inner.GetSeries);
        meter.Series += series.Count;
        return series;
    }

    public bool TryReadNext(RangeInput input)
    {
        long started = meter.Begin();
        try
        {
            bool found = inner.TryReadNext(input);
            meter.Samples += found ? input.Raw.Count : 0;
            return found;
        }
        finally
        {
            meter.End(started);
        }
    }

    public void Dispose()
    {
        long started = meter.Begin();
        inner.Dispose();
        meter.End(started);
    }
}
