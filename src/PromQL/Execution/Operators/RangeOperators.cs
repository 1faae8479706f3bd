using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.Storage;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>The raw samples of each matching series.</summary>
internal sealed class RangeSelectOperator(RangeSelectNode node, QueryContext context) : IRangeOperator
{
    private readonly SampleScope _scope = context.Scope;
    private ISeriesSelection? _selection;
    private IReadOnlyList<SeriesLabels> _series = [];
    private int _next;

    public ReferenceTimes Times { get; } = ReferenceTimes.Of(node.Grid, node.Source.OffsetMs, node.Source.AtMs);

    public long RangeMs => node.RangeMs;

    public SampleScope Scope => _scope;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        if (node.Grid.Count == 0)
        {
            return [];
        }

        _selection = context.Select(
            new SelectHints { Range = Planner.RangeOf(node), StepMs = node.Grid.StepMs, RangeMs = node.RangeMs, Function = node.Source.Function },
            node.Source.Matchers);
        _series = new SelectedSeries(_selection, node.Source);
        return _series;
    }

    public bool TryReadNext(RangeInput input)
    {
        if (_selection is null || _next == _selection.Count)
        {
            return false;
        }

        SampleCount count = Read(_next++, input);

        // The buffer is reused, so it weighs only while this series is in it.
        context.HoldSamples(input.Raw.Count);
        context.ReleaseSamples(input.Raw.Count);
        if (!_scope.NeedsSteps)
        {
            _scope.Count(count);
        }
        else
        {
            for (int i = 0; i < Times.Count; i++)
            {
                _scope.CountAt(i, input.CountAt(i));
            }
        }

        return true;
    }

    /// <summary>How much time the samples span.</summary>
    public long SpanMs => Times.LastMs - Times.FirstMs + node.RangeMs;

    /// <summary>Reads one series, and counts nothing. Several threads may, into inputs of their own. Returns how many samples the windows hold.</summary>
    public SampleCount Read(int series, RangeInput input)
    {
        context.ThrowIfCancelled();
        input.Raw.Clear();
        _selection!.ReadSamples(series, input.Raw);
        input.SetSeries(_series, series);
        return input.Load(Times, node.RangeMs);
    }

    public void Dispose()
    {
    }
}

/// <summary>The evaluations of an inner expression on a grid of their own.</summary>
internal sealed class SubqueryOperator : IRangeOperator
{
    private readonly SubqueryNode _node;
    private readonly ISeriesOperator _inner;
    private readonly QueryContext _context;
    private readonly SampleScope _scope;
    private readonly bool _isResult;
    private readonly StepBlock _block;
    private IReadOnlyList<SeriesLabels> _series = [];
    private int _next;

    public SubqueryOperator(SubqueryNode node, ISeriesOperator inner, bool isResult, QueryContext context)
    {
        _scope = context.Scope;
        _isResult = isResult;
        _node = node;
        _inner = inner;
        _context = context;
        _block = new StepBlock(context.Memory, node.Inner.Grid.Count);
        Times = ReferenceTimes.Of(node.Grid, node.OffsetMs, node.AtMs);
    }

    public ReferenceTimes Times { get; }

    public long RangeMs => _node.RangeMs;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        _series = _inner.GetSeries();
        return _series;
    }

    public bool TryReadNext(RangeInput input)
    {
        if (!_inner.TryReadNext(_block))
        {
            return false;
        }

        StepGrid grid = _node.Inner.Grid;
        input.Raw.Clear();
        ReadOnlySpan<bool> present = _block.Present;
        ReadOnlySpan<double> values = _block.Values;
        for (int i = 0; i < present.Length; i++)
        {
            if (!present[i])
            {
                continue;
            }

            if (_block.HistogramAt(i) is { } histogram)
            {
                input.Raw.Append(grid.TimeAt(i), WithoutHint(histogram));
            }
            else
            {
                input.Raw.Append(grid.TimeAt(i), values[i]);
            }
        }

        _context.HoldSamples(input.Raw.Count);
        _context.ReleaseSamples(input.Raw.Count);
        CountWindows(input, input.Load(Times, _node.RangeMs));
        input.SetSeries(_series, _next++);
        return true;
    }

    // Whether a sample resets its counter was found out against the sample before it, which is not the one of the step before.
    private static FloatHistogram WithoutHint(FloatHistogram histogram)
    {
        if (histogram.CounterResetHint is CounterResetHint.Unknown or CounterResetHint.Gauge)
        {
            return histogram;
        }

        FloatHistogram copy = histogram.Copy();
        copy.CounterResetHint = CounterResetHint.Unknown;
        return copy;
    }

    // What was read for the inner evaluations has been counted by them.
    private void CountWindows(RangeInput input, SampleCount count)
    {
        if (_isResult)
        {
            return;
        }

        if (!_scope.NeedsSteps)
        {
            _scope.Count(count with { Read = 0 });
            return;
        }

        for (int i = 0; i < Times.Count; i++)
        {
            _scope.CountAt(i, input.CountAt(i) with { Read = 0 });
        }
    }

    public void Dispose()
    {
        _inner.Dispose();
        _block.Dispose();
    }
}
