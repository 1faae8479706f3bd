using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Execution.Binary;

/// <summary><c>and</c>, <c>or</c>, <c>unless</c>: presence of a match group at a step decides. Only presence is kept, not samples.</summary>
internal sealed class SetOperator(BinaryNode node, ISeriesOperator left, ISeriesOperator right, QueryContext context) : ISeriesOperator
{
    private int[] _leftIds = [];
    private int[] _rightIds = [];
    private StepColumn<bool>[] _presence = [];
    private int _nextLeft;
    private int _nextRight;
    private bool _leftRead;
    private bool _rightRead;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> leftSeries = left.GetSeries();
        IReadOnlyList<SeriesLabels> rightSeries = right.GetSeries();
        var signatures = new MatchSignatures(node.Matching ?? new VectorMatching { Cardinality = MatchCardinality.ManyToMany });
        _leftIds = signatures.Assign(leftSeries, context);
        _rightIds = signatures.Assign(rightSeries, context);
        _presence = new StepColumn<bool>[signatures.Groups.Count];
        return node.Operator == BinaryOperator.Or ? [.. leftSeries, .. rightSeries] : leftSeries;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (node.Operator == BinaryOperator.Or)
        {
            return TryReadUnion(block);
        }

        if (!_rightRead)
        {
            _rightRead = true;
            for (int i = 0; right.TryReadNext(block); i++)
            {
                context.ThrowIfCancelled();
                Record(_rightIds[i], block);
            }
        }

        if (!left.TryReadNext(block))
        {
            return false;
        }

        StepColumn<bool> matched = _presence[_leftIds[_nextLeft++]];
        if (!matched.IsEmpty)
        {
            block.Keep(matched.Span, wanted: node.Operator == BinaryOperator.And);
        }
        else if (node.Operator == BinaryOperator.And)
        {
            block.Clear();
        }

        return true;
    }

    public void Dispose()
    {
        left.Dispose();
        right.Dispose();
    }

    private bool TryReadUnion(StepBlock block)
    {
        // Each side is read until it finds nothing: what is below may notice its faults only then.
        if (!_leftRead && left.TryReadNext(block))
        {
            Record(_leftIds[_nextLeft++], block);
            return true;
        }

        _leftRead = true;
        if (!right.TryReadNext(block))
        {
            return false;
        }

        StepColumn<bool> matched = _presence[_rightIds[_nextRight++]];
        if (!matched.IsEmpty)
        {
            block.Keep(matched.Span, wanted: false);
        }

        return true;
    }

    private void Record(int id, StepBlock block)
    {
        ref StepColumn<bool> presence = ref _presence[id];
        if (presence.IsEmpty)
        {
            presence = context.Memory.Take<bool>(block.Count);
            block.Present.CopyTo(presence.Span);
            return;
        }

        ReadOnlySpan<bool> present = block.Present;
        Span<bool> any = presence.Span;
        for (int i = 0; i < any.Length; i++)
        {
            any[i] |= present[i];
        }
    }
}
