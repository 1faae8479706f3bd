namespace Narthex.PromQL.Execution;

/// <summary>The columns and labels of a result. Series with samples at the same times, which is the usual case, share one column of times.</summary>
internal sealed class ResultColumns : IDisposable
{
    private readonly ColumnSlabs<long> _times = new();
    private readonly ColumnSlabs<double> _values = new();
    private readonly List<IDisposable> _others = [];
    private bool[] _latestSteps = [];
    private ReadOnlyMemory<long> _latestTimes;

    /// <summary>The label sets.</summary>
    public LabelSlabs Labels { get; } = new();

    /// <summary>A column of anything, undefined so far.</summary>
    public Memory<T> Take<T>(int count)
        where T : unmanaged
    {
        var slabs = new ColumnSlabs<T>();
        _others.Add(slabs);
        return slabs.Take(count);
    }

    /// <summary>A column of values, undefined so far.</summary>
    public Memory<double> TakeValues(int count) => _values.Take(count);

    /// <summary>A copy of some values.</summary>
    public ReadOnlyMemory<double> Values(ReadOnlySpan<double> values) => _values.Copy(values);

    /// <summary>A copy of some times.</summary>
    public ReadOnlyMemory<long> Times(ReadOnlySpan<long> times)
    {
        if (!_latestTimes.Span.SequenceEqual(times))
        {
            _latestTimes = _times.Copy(times);
            _latestSteps = [];
        }

        return _latestTimes;
    }

    /// <summary>The times of some of a grid's steps.</summary>
    /// <param name="grid">The grid.</param>
    /// <param name="steps">For each step whether it is wanted.</param>
    /// <param name="count">How many are.</param>
    public ReadOnlyMemory<long> Times(in StepGrid grid, ReadOnlySpan<bool> steps, int count)
    {
        if (_latestSteps.AsSpan().SequenceEqual(steps))
        {
            return _latestTimes;
        }

        Memory<long> column = _times.Take(count);
        Span<long> times = column.Span;
        int next = 0;
        for (int step = 0; step < steps.Length; step++)
        {
            if (steps[step])
            {
                times[next++] = grid.TimeAt(step);
            }
        }

        if (_latestSteps.Length != steps.Length)
        {
            _latestSteps = new bool[steps.Length];
        }

        steps.CopyTo(_latestSteps);
        return _latestTimes = column;
    }

    public void Dispose()
    {
        _times.Dispose();
        _values.Dispose();
        Labels.Dispose();
        _others.ForEach(other => other.Dispose());
    }
}
