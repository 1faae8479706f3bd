namespace Narthex.PromQL.Execution;

/// <summary>All series of an operator at once, for what cannot stream. Charged to the query's budget.</summary>
internal sealed class BufferedSeries(ISeriesOperator input, int steps, QueryContext context) : IDisposable
{
    private readonly List<StepBlock> _blocks = [];

    public int Count => _blocks.Count;

    public StepBlock this[int series] => _blocks[series];

    public IReadOnlyList<SeriesLabels> GetSeries() => input.GetSeries();

    public void ReadAll(Action<StepBlock>? prepare = null)
    {
        while (true)
        {
            context.ThrowIfCancelled();
            context.HoldSamples(steps);
            var block = new StepBlock(context.Memory, steps);
            _blocks.Add(block);
            if (!input.TryReadNext(block))
            {
                _blocks.RemoveAt(_blocks.Count - 1);
                block.Dispose();
                context.ReleaseSamples(steps);
                return;
            }

            prepare?.Invoke(block);
        }
    }

    public void Dispose()
    {
        input.Dispose();
        foreach (StepBlock block in _blocks)
        {
            block.Dispose();
        }

        context.ReleaseSamples((long)steps * _blocks.Count);
        _blocks.Clear();
    }
}
