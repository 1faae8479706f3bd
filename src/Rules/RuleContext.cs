using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Storage;

namespace Narthex.Rules;

/// <summary>Answers the query of a rule, or of a template in it.</summary>
/// <param name="query">The expression.</param>
/// <param name="timestampMs">The time.</param>
/// <param name="origin">Who asks.</param>
/// <param name="cancellationToken">Ends it early.</param>
/// <returns>The samples of a vector; a scalar as one sample without labels.</returns>
/// <exception cref="QueryException">The query failed.</exception>
public delegate Task<IReadOnlyList<VectorSample>> RuleQuery(string query, long timestampMs, QueryOrigin origin, CancellationToken cancellationToken);

/// <summary>Is told of alerts that people should know of.</summary>
public interface IAlertSink
{
    /// <summary>Takes alerts that fire, or that have ended. Never waits.</summary>
    /// <param name="expression">The expression of their rule.</param>
    /// <param name="alerts">The alerts.</param>
    void Send(string expression, IReadOnlyList<Alert> alerts);
}

/// <summary>What rules work with.</summary>
public sealed record RuleContext
{
    /// <summary>Answers queries.</summary>
    public required RuleQuery Query { get; init; }

    /// <summary>Takes the results.</summary>
    public required IAppendable Appendable { get; init; }

    /// <summary>Where the series are that tell since when alerts were active before a restart; null if nothing is to be restored.</summary>
    public IQueryableStorage? Storage { get; init; }

    /// <summary>Is told of alerts.</summary>
    public IAlertSink? Alerts { get; init; }

    /// <summary>By which URL users reach the server.</summary>
    public Uri ExternalUrl { get; init; } = new("http://localhost:9090/");

    /// <summary>The labels that the server adds to everything it hands to others.</summary>
    public Labels ExternalLabels { get; init; }

    /// <summary>How old the samples of a rule are, where its group says nothing.</summary>
    public TimeSpan QueryOffset { get; init; }

    /// <summary>How long an alert is not repeated.</summary>
    public TimeSpan ResendDelay { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the server may have been down for the state of alerts to be restored.</summary>
    public TimeSpan OutageTolerance { get; init; } = TimeSpan.FromHours(1);

    /// <summary>The least time that an alert waits after a restart before it fires; rules with a shorter <c>for</c> are not restored.</summary>
    public TimeSpan ForGracePeriod { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How many rules may be evaluated at one time beside those that groups evaluate themselves; 0 for none.</summary>
    public int ConcurrentEvaluationsMax { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where failures are told.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>Makes the query function of an engine.</summary>
    /// <remarks>A query is parsed once for as long as its very text object lives, which for that of a rule is as long as the rule.</remarks>
    public static RuleQuery QueryWith(IPreparedQueryEngine engine, Func<IQueryableStorage> storage)
    {
        var prepared = new ConditionalWeakTable<string, PreparedQuery>();
        return async (query, timestampMs, origin, cancellationToken) =>
        {
            using QueryResult result = await engine.QueryInstantAsync(
                storage(), prepared.GetValue(query, engine.Prepare), timestampMs, new QueryOptions { Origin = origin }, cancellationToken).ConfigureAwait(false);
            return result.Type switch
            {
                PromQL.Syntax.ValueType.Vector => [.. result.Vector],
                PromQL.Syntax.ValueType.Scalar => [new VectorSample(Labels.Empty, result.TimestampMs, result.Scalar)],
                _ => throw new QueryException(QueryErrorKind.Execution, "rule result is not a vector or scalar"),
            };
        };
    }
}
