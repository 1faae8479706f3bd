using Narthex.Model;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>
/// Joins series that got the same label set: they may take turns, but not be there at the same step. Passes through while all sets differ.
/// </summary>
/// <param name="input">The series.</param>
/// <param name="strict">Two with any sample are an error, even if they never meet: so it is with functions over ranges, with signs and with new labels.</param>
/// <param name="grid">The steps.</param>
/// <param name="context">The query.</param>
internal sealed class DeduplicateOperator(ISeriesOperator input, bool strict, StepGrid grid, QueryContext context) : ISeriesOperator
{
    private int[]? _targetOf;
    private StepBlock?[] _joined = [];
    private int _next;
    private bool _read;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        IReadOnlyList<SeriesLabels> series = input.GetSeries();
        if (series is SelectedSeries)
        {
            return series;
        }

        var ids = new Dictionary<Labels, int>(series.Count);
        for (int i = 0; i < series.Count; i++)
        {
            context.ThrowIfCancelled(i);
            if (!ids.TryAdd(series[i].Labels, i))
            {
                return Join(series);
            }
        }

        return series;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (_targetOf is null)
        {
            return input.TryReadNext(block);
        }

        if (!_read)
        {
            _read = true;
            ReadAll(block);
        }

        if (_next == _joined.Length)
        {
            return false;
        }

        block.CopyFrom(_joined[_next++]!);
        return true;
    }

    public void Dispose()
    {
        input.Dispose();
        for (int i = 0; i < _joined.Length; i++)
        {
            if (_joined[i] is not null)
            {
                context.ReleaseSamples(grid.Count);
                _joined[i]!.Dispose();
                _joined[i] = null;
            }
        }
    }

    private List<SeriesLabels> Join(IReadOnlyList<SeriesLabels> series)
    {
        _targetOf = new int[series.Count];
        var ids = new Dictionary<Labels, int>(series.Count);
        var output = new List<SeriesLabels>();
        for (int i = 0; i < _targetOf.Length; i++)
        {
            if (!ids.TryGetValue(series[i].Labels, out int id))
            {
                id = output.Count;
                ids.Add(series[i].Labels, id);
                output.Add(series[i]);
            }
            else if (series[i].DropName)
            {
                output[id] = output[id] with { DropName = true };
            }

            _targetOf[i] = id;
        }

        _joined = new StepBlock?[output.Count];
        return output;
    }

    private void ReadAll(StepBlock block)
    {
        for (int i = 0; input.TryReadNext(block); i++)
        {
            context.ThrowIfCancelled();
            ref StepBlock? target = ref _joined[_targetOf![i]];
            if (target is null)
            {
                context.HoldSamples(grid.Count);
                target = new StepBlock(context.Memory, grid.Count);
                target.CopyFrom(block);
                continue;
            }

            if (strict && !target.IsEmpty && !block.IsEmpty)
            {
                throw DuplicateError();
            }

            for (int step = 0; step < block.Count; step++)
            {
                if (block.Present[step])
                {
                    if (target.Present[step])
                    {
                        throw DuplicateError();
                    }

                    target.CopyStep(step, block, step);
                }
            }
        }
    }

    private static QueryException DuplicateError() => new(QueryErrorKind.Execution, "vector cannot contain metrics with the same labelset");
}
