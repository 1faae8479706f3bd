using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution;

/// <summary>One operator whose series several places read, each at its own pace. A series is kept until the last place has read it.</summary>
/// <remarks>
/// Only what is small is kept. Of a part with many series each place has its own operator, as if they were not alike: reading twice is better than
/// holding what could be let go at once.
/// </remarks>
internal sealed class SharedPart(PlanNode node, ISeriesOperator source, SharedScope scope, int places, QueryContext context) : IDisposable
{
    private readonly List<Kept> _kept = [];
    private readonly int _steps = node.Grid.Count;
    private IReadOnlyList<SeriesLabels>? _series;
    private bool _isSplit;
    private bool _ended;
    private int _readers = places;

    /// <summary>
    /// Opens the part for a place: its series; null if the place must compute them itself.
    /// The first place always gets them: it is the one that the part was built for.
    /// </summary>
    public IReadOnlyList<SeriesLabels>? Open(PlanNode place, SampleScope placeScope)
    {
        if (_series is null)
        {
            _series = source.GetSeries();
            _isSplit = (long)_series.Count * _steps > context.Options.SharedSamplesMax;

            // What becomes a number is computed before the operator that it stands in, so the first place to ask need not be the first in the query.
            context.Annotations.AddTwin(node, place);
            return _series;
        }

        if (_isSplit || (placeScope.NeedsSteps && !scope.NeedsSteps))
        {
            return null;
        }

        scope.Join(placeScope);
        context.Annotations.AddTwin(node, place);
        return _series;
    }

    /// <summary>Reads a series, by its number. The places read in order.</summary>
    public bool TryRead(int index, StepBlock block)
    {
        if (index < _kept.Count)
        {
            Kept kept = _kept[index];
            block.CopyFrom(kept.Block!);
            LeaveOne(kept);
            return true;
        }

        if (_ended || !source.TryReadNext(block))
        {
            _ended = true;
            return false;
        }

        // The last reader needs nothing kept; it has read all that was, so it never asks for what is not there.
        if (_readers > 1 && !_isSplit)
        {
            context.HoldSamples(_steps);
            var next = new Kept(new StepBlock(context.Memory, _steps), _readers - 1);
            next.Block!.CopyFrom(block);
            _kept.Add(next);
        }

        return true;
    }

    /// <summary>A place reads no further than up to a series.</summary>
    public void Leave(int index)
    {
        _readers--;
        for (int i = index; i < _kept.Count; i++)
        {
            LeaveOne(_kept[i]);
        }

        if (_readers == 0)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        source.Dispose();
        foreach (Kept kept in _kept)
        {
            Release(kept);
        }
    }

    private void LeaveOne(Kept kept)
    {
        if (--kept.Readers == 0)
        {
            Release(kept);
        }
    }

    private void Release(Kept kept)
    {
        if (kept.Block is not null)
        {
            kept.Block.Dispose();
            kept.Block = null;
            context.ReleaseSamples(_steps);
        }
    }

    private sealed class Kept(StepBlock block, int readers)
    {
        public int Readers { get; set; } = readers;

        public StepBlock? Block { get; set; } = block;
    }
}
