using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using Narthex.Storage;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>The latest sample of each matching series at each step, not older than the lookback.</summary>
internal sealed class SelectOperator(SelectNode node, QueryContext context) : ISeriesOperator
{
    private readonly ReferenceTimes _times = ReferenceTimes.Of(node.Grid, node.Source.OffsetMs, node.Source.AtMs);
    private readonly SampleBuffer _samples = new();
    private readonly SampleScope _scope = context.Scope;
    private ISeriesSelection? _selection;
    private SeriesBatches? _batches;
    private int _next;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        if (node.Grid.Count == 0)
        {
            return [];
        }

        _selection = context.Select(
            new SelectHints { Range = Planner.RangeOf(node), StepMs = node.Grid.StepMs, Function = node.Source.Function },
            node.Source.Matchers);
        var series = new SelectedSeries(_selection, node.Source);
        if (node.Source.Extension == SelectorExtension.None)
        {
            ISeriesSelection selection = _selection;
            _batches = SeriesBatches.ForHeavy(series.Count, node.Grid, _times.LastMs - _times.FirstMs + node.LookbackMs, context, _scope, (index, input, block) =>
            {
                context.ThrowIfCancelled();
                block.Clear();
                input.Raw.Clear();
                Read(selection, index, input.Raw);
                long found = Fill(input.Raw, block);
                return (input.Raw.Count, new SampleCount(found, found));
            });
        }

        return series;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_batches is not null)
        {
            return _batches.TryReadNext(block);
        }

        if (_selection is null || _next == _selection.Count)
        {
            return false;
        }

        context.ThrowIfCancelled();
        block.Clear();
        _samples.Clear();
        Read(_selection, _next, _samples);
        if (node.Source.Extension == SelectorExtension.Smoothed)
        {
            SmoothedSelection.Fill(_samples, _times, node, _selection.GetLabels(_next).MetricName, context, _scope, block);
        }
        else
        {
            _scope.CountSelected(block, Fill(_samples, block));
        }

        _next++;
        return true;
    }

    public void Dispose()
    {
        _batches?.Dispose();
        _samples.Dispose();
    }

    // At a single time only the latest sample counts. (Start timestamps and smoothing look at more.)
    private void Read(ISeriesSelection selection, int series, SampleBuffer samples)
    {
        if (node.Grid.Count == 1 && !node.WantsStartTimestamp && node.Source.Extension == SelectorExtension.None)
        {
            selection.ReadLatest(series, _times.LastMs, samples);
        }
        else
        {
            selection.ReadSamples(series, samples);
        }
    }

    private long Fill(SampleBuffer samples, StepBlock block) => node.WantsStartTimestamp
        ? StartTimestampSelection.Fill(samples, _times, node.LookbackMs, block)
        : LatestSamples.Fill(samples, _times, node.LookbackMs, node.WantsTimestamp, block);
}
