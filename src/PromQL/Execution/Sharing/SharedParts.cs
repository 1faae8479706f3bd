using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution;

/// <summary>The parts of one plan that are computed once for several places.</summary>
internal sealed class SharedParts : IDisposable
{
    private readonly QueryContext _context;
    private readonly IReadOnlyDictionary<PlanNode, int> _numbers;
    private readonly Dictionary<int, SharedPart> _parts = [];

    public SharedParts(PlanNode plan, QueryContext context)
    {
        _context = context;
        _numbers = CommonParts.Find(plan);
    }

    /// <summary>The operator of a node, which shares its work with those of the other places if there are any.</summary>
    public ISeriesOperator Build(PlanNode node, Func<PlanNode, ISeriesOperator> build)
    {
        if (_numbers.Count == 0 || !_numbers.TryGetValue(node, out int number))
        {
            return build(node);
        }

        if (!_parts.TryGetValue(number, out SharedPart? part))
        {
            var scope = new SharedScope(_context.Scope);
            part = new SharedPart(node, _context.Within(scope, () => build(node)), scope, _numbers.Values.Count(other => other == number), _context);
            _parts.Add(number, part);
        }

        SampleScope own = _context.Scope;
        return new SharedOperator(part, node, own, () => _context.Within(own, () => build(node)));
    }

    public void Dispose()
    {
        foreach (SharedPart part in _parts.Values)
        {
            part.Dispose();
        }
    }
}
