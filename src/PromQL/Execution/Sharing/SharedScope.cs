namespace Narthex.PromQL.Execution;

/// <summary>Counts samples of a shared part for each place that uses it: statistics are those of a query that computes each place.</summary>
internal sealed class SharedScope(SampleScope first) : SampleScope(first.Grid)
{
    private readonly List<SampleScope> _others = [];
    private readonly SampleCount[] _steps = first.NeedsSteps ? new SampleCount[first.Grid.Count] : [];
    private SampleCount _total;

    public override bool NeedsSteps => first.NeedsSteps;

    public override void Count(SampleCount count)
    {
        _total = Sum(_total, count);
        first.Count(count);
        _others.ForEach(scope => scope.Count(count));
    }

    public override void CountAt(int step, SampleCount count)
    {
        if (!NeedsSteps)
        {
            Count(count);
            return;
        }

        _steps[step] = Sum(_steps[step], count);
        first.CountAt(step, count);
        _others.ForEach(scope => scope.CountAt(step, count));
    }

    /// <summary>From now on counts for one more place; what has been counted so far counts there as well.</summary>
    public void Join(SampleScope scope)
    {
        _others.Add(scope);
        if (!NeedsSteps)
        {
            scope.Count(_total);
            return;
        }

        for (int i = 0; i < _steps.Length; i++)
        {
            scope.CountAt(i, _steps[i]);
        }
    }

    private static SampleCount Sum(SampleCount left, SampleCount right) => new(left.Queryable + right.Queryable, left.Read + right.Read);
}
