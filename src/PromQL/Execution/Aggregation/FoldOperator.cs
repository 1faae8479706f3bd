using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution.Aggregation;

/// <summary>An aggregation that folds each series into its group's columns and lets it go: memory is groups × steps, not series × steps.</summary>
internal abstract class FoldOperator(AggregateNode node, ISeriesOperator input, QueryContext context) : ISeriesOperator
{
    private readonly List<StepColumn<double>> _columns = [];
    private readonly List<StepColumn<bool>> _marks = [];
    private IReadOnlyList<SeriesLabels> _series = [];
    private int[] _groupOf = [];
    private int _current;
    private int _groups;
    private int _next;
    private bool _consumed;
    private long _held;

    protected AggregateNode Node => node;

    protected QueryContext Context => context;

    /// <summary>The series that is being folded.</summary>
    protected SeriesLabels CurrentSeries => _series[_current];

    protected int Steps => node.Grid.Count;

    public IReadOnlyList<SeriesLabels> GetSeries()
    {
        var grouping = new LabelGrouping(node.Grouping, node.IsWithout);
        _series = input.GetSeries();
        _groupOf = grouping.Assign(_series, context);
        _groups = grouping.Groups.Count;
        return grouping.Groups;
    }

    public bool TryReadNext(StepBlock block)
    {
        if (!_consumed)
        {
            _consumed = true;
            Consume(block);
        }

        if (_next == _groups)
        {
            return false;
        }

        block.Clear();
        Emit(_next++, block);
        return true;
    }

    public void Dispose()
    {
        input.Dispose();
        _columns.ForEach(context.Memory.Return);
        _columns.Clear();
        _marks.ForEach(context.Memory.Return);
        _marks.Clear();
        context.ReleaseSamples(_held);
        _held = 0;
    }

    /// <summary>Makes the columns, before the first series.</summary>
    protected abstract void Prepare(int groups);

    /// <summary>Folds one series into a group.</summary>
    protected abstract void Fold(int group, StepBlock series);

    /// <summary>Writes a group's result.</summary>
    protected abstract void Emit(int group, StepBlock output);

    /// <summary>A column of one number for each group and step. Given back with this operator.</summary>
    protected StepColumn<double> MakeColumn(double initial)
    {
        int size = checked(_groups * Steps);
        context.HoldSamples(size);
        _held += size;
        StepColumn<double> column = context.Memory.Take<double>(size);
        column.Span.Fill(initial);
        _columns.Add(column);
        return column;
    }

    /// <summary>A column of one mark for each group and step, none of them set.</summary>
    protected StepColumn<bool> MakeMarks()
    {
        StepColumn<bool> marks = context.Memory.TakeCleared<bool>(checked(_groups * Steps));
        _marks.Add(marks);
        return marks;
    }

    /// <summary>A group's part of a column.</summary>
    protected Span<T> Row<T>(StepColumn<T> column, int group)
        where T : unmanaged => column.Span.Slice(group * Steps, Steps);

    // The caller's block has the right size, and nothing in it yet that matters.
    private void Consume(StepBlock block)
    {
        Prepare(_groups);
        for (int i = 0; input.TryReadNext(block); i++)
        {
            context.ThrowIfCancelled();
            _current = i;
            Fold(_groupOf[i], block);
        }
    }
}
