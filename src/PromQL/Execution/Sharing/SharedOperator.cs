using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution;

/// <summary>One place of a shared part.</summary>
internal sealed class SharedOperator(SharedPart part, PlanNode node, SampleScope scope, Func<ISeriesOperator> buildOwn) : ISeriesOperator
{
    private ISeriesOperator? _own;
    private int _next;
    private bool _left;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        if (part.Open(node, scope) is { } series)
        {
            return series;
        }

        Leave();
        _own = buildOwn();
        return _own.GetSeries();
    }

    public bool TryReadNext(StepBlock block) => _own is not null ? _own.TryReadNext(block) : part.TryRead(_next, block) && ++_next > 0;

    public void Dispose()
    {
        Leave();
        _own?.Dispose();
    }

    private void Leave()
    {
        if (!_left)
        {
            _left = true;
            part.Leave(_next);
        }
    }
}
