using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution;

/// <summary>How many samples were looked at.</summary>
/// <param name="Queryable">Each range selector counts its whole window at each step.</param>
/// <param name="Read">Each sample once, even if several windows hold it.</param>
internal readonly record struct SampleCount(long Queryable, long Read);

/// <summary>Where operators count their samples. Each grid of steps has a scope, which knows what its counts mean for the grid around it.</summary>
/// <remarks>Operators keep the scope that they were built in. Only the query's own thread counts.</remarks>
internal abstract class SampleScope(StepGrid grid)
{
    /// <summary>The steps of the operators in this scope.</summary>
    public StepGrid Grid => grid;

    /// <summary>Whether it matters at which step a sample was looked at. Otherwise <see cref="Count"/> is enough, and cheaper.</summary>
    public abstract bool NeedsSteps { get; }

    /// <summary>Counts samples of all steps together.</summary>
    public abstract void Count(SampleCount count);

    /// <summary>Counts samples of one step.</summary>
    public abstract void CountAt(int step, SampleCount count);

    /// <summary>Counts what an instant selector put into a block: <paramref name="found"/> in all.</summary>
    public void CountSelected(StepBlock block, long found)
    {
        if (!NeedsSteps)
        {
            Count(new SampleCount(found, found));
            return;
        }

        for (int i = 0; i < block.Count; i++)
        {
            if (block.Present[i])
            {
                long size = block.HistogramAt(i)?.SizeInSamples ?? 1;
                CountAt(i, new SampleCount(size, size));
            }
        }
    }
}

/// <summary>The scope of the query's own steps: the sums that its statistics show.</summary>
internal sealed class QueryScope(StepGrid grid, bool perStep) : SampleScope(grid)
{
    private readonly long[] _queryable = perStep ? new long[grid.Count] : [];
    private readonly long[] _read = perStep ? new long[grid.Count] : [];

    public long TotalQueryable { get; private set; }

    public long TotalRead { get; private set; }

    public override bool NeedsSteps => perStep;

    public IReadOnlyList<KeyValuePair<long, long>>? QueryablePerStep => perStep ? WithTimes(_queryable) : null;

    public IReadOnlyList<KeyValuePair<long, long>>? ReadPerStep => perStep ? WithTimes(_read) : null;

    public override void Count(SampleCount count)
    {
        TotalQueryable += count.Queryable;
        TotalRead += count.Read;
    }

    public override void CountAt(int step, SampleCount count)
    {
        Count(count);
        if (perStep)
        {
            _queryable[step] += count.Queryable;
            _read[step] += count.Read;
        }
    }

    private KeyValuePair<long, long>[] WithTimes(long[] counts)
    {
        var points = new KeyValuePair<long, long>[counts.Length];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = new(Grid.TimeAt(i), counts[i]);
        }

        return points;
    }
}

/// <summary>The one step of what is computed once for all steps: read once, and looked at by each.</summary>
internal sealed class StepInvariantScope(StepInvariantNode node, SampleScope parent) : SampleScope(node.Inner.Grid)
{
    public override bool NeedsSteps => false;

    public override void Count(SampleCount count)
    {
        if (!parent.NeedsSteps)
        {
            parent.Count(count with { Queryable = count.Queryable * parent.Grid.Count });
            return;
        }

        for (int i = 0; i < parent.Grid.Count; i++)
        {
            parent.CountAt(i, i == 0 ? count : count with { Read = 0 });
        }
    }

    public override void CountAt(int step, SampleCount count) => Count(count);
}

/// <summary>
/// The steps inside a subquery. What they look at is not counted again around it, where the windows over their results are; what they read is,
/// at the step that first needs it.
/// </summary>
/// <param name="node">The subquery.</param>
/// <param name="parent">The scope around it.</param>
/// <param name="isResult">The subquery is the whole query: there are no windows over it, so what its steps look at is what counts.</param>
internal sealed class SubqueryScope(SubqueryNode node, SampleScope parent, bool isResult) : SampleScope(node.Inner.Grid)
{
    // With steps wider than the range there are inner steps that no window holds, and which do not count.
    private readonly bool _hasGaps = parent.Grid.Count > 1 && node.RangeMs < parent.Grid.StepMs;

    public override bool NeedsSteps => _hasGaps || (parent.NeedsSteps && parent.Grid.Count > 1);

    public override void Count(SampleCount count)
    {
        if (parent.Grid.Count > 1)
        {
            parent.Count(count with { Queryable = 0 });
        }
        else
        {
            parent.CountAt(0, isResult ? count : count with { Queryable = 0 });
        }
    }

    public override void CountAt(int step, SampleCount count)
    {
        StepGrid outer = parent.Grid;
        if (outer.Count <= 1)
        {
            Count(count);
            return;
        }

        // The earliest step whose window may hold this inner step.
        long timeMs = Grid.TimeAt(step) + node.OffsetMs;
        long needed = timeMs <= outer.StartMs ? 0 : (timeMs - outer.StartMs + outer.StepMs - 1) / outer.StepMs;
        int at = (int)Math.Min(needed, outer.Count - 1);
        if (timeMs > outer.TimeAt(at) - node.RangeMs)
        {
            parent.CountAt(at, count with { Queryable = 0 });
        }
    }
}
