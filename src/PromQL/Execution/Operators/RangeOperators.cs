using Narthex.PromQL.Planning;
using Narthex.Storage;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>The raw samples of each matching series.</summary>
internal sealed class RangeSelectOperator(RangeSelectNode node, QueryContext context) : IRangeOperator
{
    private ISeriesSelection? _selection;
    private SeriesLabels[] _series = [];
    private int _next;

    public ReferenceTimes Times { get; } = ReferenceTimes.Of(node.Grid, node.Source.OffsetMs, node.Source.AtMs);

    public long RangeMs => node.RangeMs;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        if (node.Grid.Count == 0)
        {
            return [];
        }

        _selection = context.Select(
            new SelectHints { Range = Planner.RangeOf(node), StepMs = node.Grid.StepMs, RangeMs = node.RangeMs, Function = node.Source.Function },
            node.Source.Matchers);
        _series = new SeriesLabels[_selection.Count];
        for (int i = 0; i < _series.Length; i++)
        {
            _series[i] = new SeriesLabels(_selection.GetLabels(i));
        }

        return _series;
    }

    public bool TryReadNext(RangeInput input)
    {
        if (_selection is null || _next == _selection.Count)
        {
            return false;
        }

        long queryable = Read(_next++, input);
        context.CountRead(input.Raw.Count);

        // The buffer is reused, so it weighs only while this series is in it.
        context.HoldSamples(input.Raw.Count);
        context.ReleaseSamples(input.Raw.Count);
        context.CountQueryable(queryable);
        return true;
    }

    /// <summary>How much time the samples span.</summary>
    public long SpanMs => Times.LastMs - Times.FirstMs + node.RangeMs;

    /// <summary>Reads one series, and counts nothing. Several threads may, into inputs of their own. Returns how many samples the windows hold together.</summary>
    public long Read(int series, RangeInput input)
    {
        context.ThrowIfCancelled();
        input.Raw.Clear();
        _selection!.ReadSamples(series, input.Raw);
        input.Labels = _series[series].Labels;
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
    private readonly StepBlock _block;
    private IReadOnlyList<SeriesLabels> _series = [];
    private int _next;

    public SubqueryOperator(SubqueryNode node, ISeriesOperator inner, QueryContext context)
    {
        _node = node;
        _inner = inner;
        _context = context;
        _block = new StepBlock(node.Inner.Grid.Count);
        Times = ReferenceTimes.Of(node.Grid, node.OffsetMs, node.AtMs);
    }

    public ReferenceTimes Times { get; }

    public long RangeMs => _node.RangeMs;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        _context.SubqueryDepth++;
        _series = _inner.GetSeries();
        _context.SubqueryDepth--;
        return _series;
    }

    public bool TryReadNext(RangeInput input)
    {
        _context.SubqueryDepth++;
        bool found = _inner.TryReadNext(_block);
        _context.SubqueryDepth--;
        if (!found)
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
                input.Raw.Append(grid.TimeAt(i), histogram);
            }
            else
            {
                input.Raw.Append(grid.TimeAt(i), values[i]);
            }
        }

        _context.HoldSamples(input.Raw.Count);
        _context.ReleaseSamples(input.Raw.Count);
        _context.CountQueryable(input.Load(Times, _node.RangeMs));
        input.Labels = _series[_next++].Labels;
        return true;
    }

    public void Dispose()
    {
        _inner.Dispose();
        _block.Dispose();
    }
}
