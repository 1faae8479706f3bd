using System.Diagnostics;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Planning;
using Narthex.PromQL.Syntax;
using Narthex.Storage;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL;

/// <summary>The streaming PromQL engine: parses, plans and runs queries on the thread pool, within limits of number, time and memory.</summary>
public sealed class QueryEngine : IQueryEngine, IQueryExplainer, IDisposable
{
    private readonly QueryEngineOptions _options;
    private readonly TimeProvider _time;
    private readonly EngineMetrics _metrics;
    private readonly SemaphoreSlim _gate;
    private readonly HelperGate? _helpers;

    /// <summary>Makes an engine.</summary>
    public QueryEngine(QueryEngineOptions options, TimeProvider time, MetricRegistry registry)
    {
        _options = options;
        _time = time;
        _metrics = new EngineMetrics(registry, options.MaxConcurrency);
        _gate = new SemaphoreSlim(options.MaxConcurrency);
        _helpers = options.MaxHelperThreads > 0 ? new HelperGate(options.MaxHelperThreads) : null;
    }

    /// <inheritdoc/>
    public Task<QueryResult> QueryInstantAsync(
        IQueryableStorage storage, string query, long timestampMs, QueryOptions options, CancellationToken cancellationToken) =>
        RunAsync(storage, query, StepGrid.Instant(timestampMs), isRange: false, options, cancellationToken);

    /// <inheritdoc/>
    public Task<QueryResult> QueryRangeAsync(
        IQueryableStorage storage, string query, TimeRange range, long stepMs, QueryOptions options, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(stepMs);
        ArgumentOutOfRangeException.ThrowIfLessThan(range.MaxMs, range.MinMs);
        return RunAsync(storage, query, GridOf(range, stepMs), isRange: true, options, cancellationToken);
    }

    /// <inheritdoc/>
    public QueryPlan Explain(string query, TimeRange range, long stepMs, QueryOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(range.MaxMs, range.MinMs);
        StepGrid grid = stepMs > 0 ? GridOf(range, stepMs) : StepGrid.Instant(range.MaxMs);
        return PlanPrinter.ToTree(Plan(Parse(query), grid, options));
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<QueryResult> RunAsync(
        IQueryableStorage storage, string query, StepGrid grid, bool isRange, QueryOptions options, CancellationToken cancellationToken)
    {
        Expression expression = Parse(query);
        if (isRange && expression.Type is not (ValueType.Scalar or ValueType.Vector))
        {
            string name = expression.Type == ValueType.Matrix ? "range vector" : "string";
            throw new QueryException(QueryErrorKind.BadData, $"invalid expression type \"{name}\" for range query, must be Scalar or instant Vector");
        }

        TimeSpan timeout = options.Timeout is { } asked && asked < _options.Timeout ? asked : _options.Timeout;
        using var timer = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        string phase = "query queue";
        long started = Stopwatch.GetTimestamp();
        _metrics.Enter();
        try
        {
            await _gate.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                phase = "expression evaluation";
                TimeSpan queued = Stopwatch.GetElapsedTime(started);
                return await Task.Run(() => Run(storage, query, expression, grid, isRange, options, queued, either.Token), either.Token).ConfigureAwait(false);
            }
            finally
            {
                _gate.Release();
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new QueryException(QueryErrorKind.Canceled, "query was canceled in " + phase);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested)
        {
            throw new QueryException(QueryErrorKind.Timeout, "query timed out in " + phase);
        }
        catch (StorageException e)
        {
            throw new QueryException(QueryErrorKind.Execution, "expanding series: " + e.Message, e);
        }
        catch (Exception e) when (e is not QueryException)
        {
            // A bug in a function must not take more than its query down.
            throw new QueryException(QueryErrorKind.Internal, "unexpected error: " + e.Message, e);
        }
        finally
        {
            _metrics.Leave();
        }
    }

    private static StepGrid GridOf(TimeRange range, long stepMs) =>
        new(range.MinMs, stepMs, checked((int)((range.MaxMs - range.MinMs) / stepMs) + 1)) { AskedEndMs = range.MaxMs };

    private PlanNode Plan(Expression expression, StepGrid grid, QueryOptions options)
    {
        TimeSpan lookback = options.LookbackDelta is { } asked && asked > TimeSpan.Zero ? asked : _options.LookbackDelta;
        return new Planner(grid, (long)lookback.TotalMilliseconds, _options).Plan(expression);
    }

    private Expression Parse(string query)
    {
        try
        {
            return PromQLParser.ParseExpression(query, new ParserOptions
            {
                EnableExperimentalFunctions = _options.EnableExperimentalFunctions,
                EnableExtendedRangeSelectors = _options.EnableExtendedRangeSelectors,
                EnableBinopFillModifiers = _options.EnableFillModifiers,
            });
        }
        catch (PromQLParseException e)
        {
            throw new QueryException(QueryErrorKind.BadData, e.Message, e);
        }
    }

    private QueryResult Run(
        IQueryableStorage storage, string query, Expression expression, StepGrid grid, bool isRange, QueryOptions options, TimeSpan queued, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        PlanNode plan = Plan(expression, grid, options);
        TimeSpan planned = Stopwatch.GetElapsedTime(started);
        using var context = new QueryContext(storage, query, _options, Planner.RangeOf(plan), cancellationToken) { IsRangeQuery = isRange, Helpers = _helpers };
        var builder = new ResultBuilder(plan, context);
        List<MatrixSeries> matrix = [];
        List<VectorSample> vector = [];
        double scalar = 0;
        ValueType type = isRange ? ValueType.Matrix : expression.Type;
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
        TimeSpan total = Stopwatch.GetElapsedTime(started);
        TimeSpan sorting = Stopwatch.GetElapsedTime(0, builder.SortTicks);
        TimeSpan preparing = planned + Stopwatch.GetElapsedTime(0, context.ElapsedSelectTicks);
        var statistics = new QueryStatistics
        {
            TotalQueryableSamples = context.TotalSamples,
            PeakSamples = context.PeakSamples,
            EvalTotalTime = total,
            QueryPreparationTime = preparing,
            InnerEvalTime = total - preparing - sorting,
            ResultSortTime = sorting,
            ExecQueueTime = queued,
            ExecTotalTime = total + queued,
        };
        _metrics.Record(statistics, context.SamplesRead);
        return new QueryResult
        {
            Type = type,
            TimestampMs = grid.StartMs,
            Scalar = scalar,
            Text = plan is TextNode text ? text.Value : "",
            Vector = vector,
            Matrix = matrix,
            Warnings = context.Annotations.Warnings,
            Infos = context.Annotations.Infos,
            Statistics = statistics,
        };
    }
}
