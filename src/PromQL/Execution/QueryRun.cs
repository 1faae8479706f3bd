using System.Diagnostics;
using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Execution;

/// <summary>One evaluation of a query. Tells what it cost, whether it succeeded or not.</summary>
internal sealed class QueryRun(PreparedQuery query, StepGrid grid, bool isRange)
{
    private readonly long _begun = Stopwatch.GetTimestamp();
    private TimeSpan _queued;
    private TimeSpan _total;
    private TimeSpan _preparing;
    private TimeSpan _inner;
    private TimeSpan? _sorting;
    private TimeSpan _evaluation;
    private QueryContext? _context;

    public string Query => query.Text;

    public StepGrid Grid => grid;

    /// <summary>Whether it will most likely be done at once.</summary>
    public bool IsShort => query.IsShort(grid.Count);

    /// <summary>The step that was asked for; 0 if the query is instant.</summary>
    public long StepMs => isRange ? grid.StepMs : 0;

    /// <summary>How long it has waited for its turn, from now on a fixed number.</summary>
    public void EndQueue() => _queued = Stopwatch.GetElapsedTime(_begun);

    /// <summary>Measures the parts of the query; null: nobody asked.</summary>
    public QueryProfile? Profile { get; init; }

    /// <summary>The plan, once there is one.</summary>
    public PlanNode? Plan { get; private set; }

    /// <summary>Whether the evaluation began at all.</summary>
    public bool HasStarted => _context is not null;

    /// <summary>Whether the result was sorted, which only matrices are.</summary>
    public bool HasSorted => _sorting is not null;

    /// <summary>The cost so far.</summary>
    public QueryStatistics Statistics => new()
    {
        TotalQueryableSamples = _context?.Samples.TotalQueryable ?? 0,
        TotalQueryableSamplesPerStep = _context?.Samples.QueryablePerStep,
        SamplesRead = _context?.Samples.TotalRead ?? 0,
        SamplesReadPerStep = _context?.Samples.ReadPerStep,
        PeakSamples = _context?.PeakSamples ?? 0,
        EvalTotalTime = _evaluation,
        QueryPreparationTime = _preparing,
        InnerEvalTime = _inner,
        ResultSortTime = _sorting ?? TimeSpan.Zero,
        ExecQueueTime = _queued,
        ExecTotalTime = _total,
    };

    /// <summary>Ends the measurement.</summary>
    public void End() => _total = Stopwatch.GetElapsedTime(_begun);

    public QueryResult Evaluate(
        IQueryableStorage storage, Func<Expression, StepGrid, PlanNode> plan, QueryEngineOptions engine, QueryOptions options, HelperGate? helpers, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        PlanNode root = plan(query.Expression, grid);
        Plan = root;
        TimeSpan planned = Stopwatch.GetElapsedTime(started);
        bool perStep = options.PerStepStatistics && engine.EnablePerStepStatistics;
        using var context = new QueryContext(storage, query.Text, engine, Planner.RangeOf(root), cancellationToken)
        {
            IsRangeQuery = isRange,
            Helpers = Profile is null ? helpers : null,
            Profile = Profile,
            Samples = new QueryScope(grid, perStep),
        };
        _context = context;
        context.ShareParts(root);
        var columns = new ResultColumns();
        var builder = new ResultBuilder(root, context, columns);
        try
        {
            return Build(builder, root, context, columns);
        }
        catch
        {
            columns.Dispose();
            throw;
        }
        finally
        {
            _evaluation = Stopwatch.GetElapsedTime(started);
            query.Record(Stopwatch.GetTimestamp() - started, grid.Count);
            _preparing = planned + Stopwatch.GetElapsedTime(0, context.ElapsedSelectTicks);
            _sorting = builder.SortTicks is { } ticks ? Stopwatch.GetElapsedTime(0, ticks) : null;
            _inner = _evaluation - _preparing - (_sorting ?? TimeSpan.Zero);
        }
    }

    private QueryResult Build(ResultBuilder builder, PlanNode root, QueryContext context, ResultColumns columns)
    {
        List<MatrixSeries> matrix = [];
        IReadOnlyList<VectorSample> vector = [];
        double scalar = 0;
        ValueType type = isRange ? ValueType.Matrix : query.Expression.Type;
        switch (type)
        {
            case ValueType.Matrix:
                matrix = isRange ? builder.BuildMatrix() : builder.BuildRange();
                break;
            case ValueType.Vector:
                vector = builder.BuildVector(grid.StartMs);
                break;
            case ValueType.Scalar:
                scalar = builder.BuildScalar();
                break;
        }

        context.Annotations.Complete();
        return new QueryResult(columns)
        {
            Type = type,
            TimestampMs = grid.StartMs,
            Scalar = scalar,
            Text = root is TextNode text ? text.Value : "",
            Vector = vector,
            Matrix = matrix,
            Warnings = context.Annotations.Warnings,
            Infos = context.Annotations.Infos,
        };
    }
}
