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
        : Fill(samples, _times, node.LookbackMs, node.WantsTimestamp, block);

    // The window (time - lookback, time] is open on the left. A staleness marker hides what lies before it.
    private static long Fill(SampleBuffer samples, ReferenceTimes times, long lookbackMs, bool wantsTimestamp, StepBlock block)
    {
        ReadOnlySpan<long> timestamps = samples.Timestamps;
        ReadOnlySpan<double> values = samples.Values;
        ReadOnlySpan<FloatHistogram?> histograms = samples.Histograms;
        Span<double> output = block.Values;
        Span<bool> present = block.Present;
        long found = 0;
        int latest = -1;
        for (int i = 0; i < times.Count; i++)
        {
            long timeMs = times.TimeAt(i);
            while (latest + 1 < timestamps.Length && timestamps[latest + 1] <= timeMs)
            {
                latest++;
            }

            if (latest < 0 || timestamps[latest] <= timeMs - lookbackMs)
            {
                continue;
            }

            if (histograms.Length > 0 && histograms[latest] is { } histogram)
            {
                if (!histogram.IsStale)
                {
                    found += wantsTimestamp ? 1 : histogram.SizeInSamples;
                    if (wantsTimestamp)
                    {
                        block.Set(i, timestamps[latest] / 1000.0);
                    }
                    else
                    {
                        block.Set(i, histogram);
                    }
                }
            }
            else if (!StaleNaN.IsStale(values[latest]))
            {
                found++;
                output[i] = wantsTimestamp ? timestamps[latest] / 1000.0 : values[latest];
                present[i] = true;
            }
        }

        return found;
    }
}
