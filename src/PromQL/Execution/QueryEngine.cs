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
public sealed class QueryEngine : IQueryEngine, IPreparedQueryEngine, IQueryExplainer, IDisposable
{
    // Ten times what a short query takes.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(10);

    private readonly QueryEngineOptions _options;
    private readonly TimeProvider _time;
    private readonly EngineMetrics _metrics;
    private readonly SemaphoreSlim _gate;
    private readonly HelperGate? _helpers;
    private readonly RecentQueries _recent = new();
    private readonly ParserOptions _language;
    private volatile QueryLog? _log;

    /// <summary>Makes an engine.</summary>
    public QueryEngine(QueryEngineOptions options, TimeProvider time, MetricRegistry registry)
    {
        _options = options;
        _time = time;
        _metrics = new EngineMetrics(registry, options.MaxConcurrency);
        _gate = new SemaphoreSlim(options.MaxConcurrency);
        _language = new ParserOptions
        {
            EnableExperimentalFunctions = options.EnableExperimentalFunctions,
            EnableExtendedRangeSelectors = options.EnableExtendedRangeSelectors,
            EnableBinopFillModifiers = options.EnableFillModifiers,
        };
        _helpers = options.MaxHelperThreads > 0 ? new HelperGate(options.MaxHelperThreads) : null;
    }

    /// <inheritdoc/>
    public Task<QueryResult> QueryInstantAsync(
        IQueryableStorage storage, string query, long timestampMs, QueryOptions options, CancellationToken cancellationToken) =>
        RunAsync(storage, query, StepGrid.Instant(timestampMs), isRange: false, options, cancellationToken);

    /// <inheritdoc/>
    public PreparedQuery Prepare(string query) => new(query, Parse(query));

    /// <inheritdoc/>
    public Task<QueryResult> QueryInstantAsync(
        IQueryableStorage storage, PreparedQuery query, long timestampMs, QueryOptions options, CancellationToken cancellationToken) =>
        RunAsync(storage, new QueryRun(query, StepGrid.Instant(timestampMs), isRange: false), options, cancellationToken);

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
    public async Task<QueryAnalysis> AnalyzeAsync(
        IQueryableStorage storage, string query, TimeRange range, long stepMs, QueryOptions options, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(range.MaxMs, range.MinMs);
        bool isRange = stepMs > 0;
        var profile = new QueryProfile();
        QueryRun run = NewRun(query, isRange ? GridOf(range, stepMs) : StepGrid.Instant(range.MaxMs), isRange, profile);
        using QueryResult result = await RunAsync(storage, run, options, cancellationToken).ConfigureAwait(false);
        int series = result.Type switch
        {
            ValueType.Vector => result.Vector.Count,
            ValueType.Matrix => result.Matrix.Count,
            _ => 1,
        };
        return new QueryAnalysis(PlanPrinter.ToTree(run.Plan!, profile), result.Statistics, series, result.Warnings, result.Infos);
    }

    /// <summary>Where running queries are noted; null: nowhere. The engine does not own it.</summary>
    public ActiveQueryLog? ActiveQueries { get; set; }

    /// <summary>Logs queries from now on to another file, or to none. The former log is closed.</summary>
    public void SetQueryLog(QueryLog? log)
    {
        QueryLog? former = Interlocked.Exchange(ref _log, log);
        _metrics.SetLogEnabled(log is not null);
        former?.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        SetQueryLog(null);
        _gate.Dispose();
    }

    private async Task<QueryResult> RunAsync(
        IQueryableStorage storage, string query, StepGrid grid, bool isRange, QueryOptions options, CancellationToken cancellationToken) =>
        await RunAsync(storage, NewRun(query, grid, isRange), options, cancellationToken).ConfigureAwait(false);

    private QueryRun NewRun(string query, StepGrid grid, bool isRange, QueryProfile? profile = null)
    {
        PreparedQuery parsed = _recent.Get(query, Parse);
        Expression expression = parsed.Expression;
        if (isRange && expression.Type is not (ValueType.Scalar or ValueType.Vector))
        {
            string name = expression.Type == ValueType.Matrix ? "range vector" : "string";
            throw new QueryException(QueryErrorKind.BadData, $"invalid expression type \"{name}\" for range query, must be Scalar or instant Vector");
        }

        return new QueryRun(parsed, grid, isRange) { Profile = profile };
    }

    private async Task<QueryResult> RunAsync(IQueryableStorage storage, QueryRun run, QueryOptions options, CancellationToken cancellationToken)
    {
        string? error = null;
        _metrics.Enter();
        try
        {
            QueryResult result = await RunQueuedAsync(storage, run, options, cancellationToken).ConfigureAwait(false);
            run.End();
            result.Statistics = run.Statistics;
            return result;
        }
        catch (QueryException e)
        {
            error = e.Message;
            throw;
        }
        finally
        {
            run.End();
            _metrics.Leave(run);
            Log(run, options, error);
        }
    }

    private async Task<QueryResult> RunQueuedAsync(IQueryableStorage storage, QueryRun run, QueryOptions options, CancellationToken cancellationToken)
    {
        TimeSpan timeout = options.Timeout is { } asked && asked < _options.Timeout ? asked : _options.Timeout;
        using var timer = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        string phase = "query queue";
        try
        {
            await WaitForTurnAsync(run, either.Token).ConfigureAwait(false);
            int place = -1;
            try
            {
                place = ActiveQueries?.Add(run.Query) ?? -1;
                phase = "expression evaluation";
                CancellationToken token = either.Token;

                // A long query must leave the thread that looks after its connection, or nobody would notice that the client has gone.
                return (run.IsShort ? EvaluateHere(storage, run, options, token) : null)
                    ?? await Task.Run(() => Evaluate(storage, run, options, token), token).ConfigureAwait(false);
            }
            finally
            {
                ActiveQueries?.Remove(place);
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
    }

    private QueryResult Evaluate(IQueryableStorage storage, QueryRun run, QueryOptions options, CancellationToken cancellationToken) =>
        run.Evaluate(storage, (expression, grid) => Plan(expression, grid, options), _options, options, _helpers, cancellationToken);

    // A thread that is not the pool's may look after many connections: a query gets little time there, though it was short when it ran last, and does not write to a file.
    private QueryResult? EvaluateHere(IQueryableStorage storage, QueryRun run, QueryOptions options, CancellationToken cancellationToken)
    {
        if (Thread.CurrentThread.IsThreadPoolThread)
        {
            return Evaluate(storage, run, options, cancellationToken);
        }

        if (_log is not null)
        {
            return null;
        }

        using var patience = new CancellationTokenSource(s_patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return Evaluate(storage, run, options, either.Token);
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task WaitForTurnAsync(QueryRun run, CancellationToken cancellationToken)
    {
        try
        {
            await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            run.EndQueue();
            _metrics.RecordQueue(run.Statistics.ExecQueueTime);
        }
    }

    private void Log(QueryRun run, QueryOptions options, string? error)
    {
        if (_log is { } log && !log.TryWrite(run, options, error))
        {
            // A log that was closed by a reload just now is not a failure: its successor gets the line.
            if (_log is not { } next || next == log || !next.TryWrite(run, options, error))
            {
                _metrics.CountLogFailure();
            }
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
            return PromQLParser.ParseExpression(query, _language);
        }
        catch (PromQLParseException e)
        {
            throw new QueryException(QueryErrorKind.BadData, e.Message, e);
        }
    }
}
