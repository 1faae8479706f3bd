using Narthex.Model;
using Narthex.Storage;

namespace Narthex.PromQL;

/// <summary>Answers PromQL. Safe for concurrent use.</summary>
public interface IQueryEngine
{
    /// <summary>Evaluates at one instant.</summary>
    /// <exception cref="QueryException">The query is not valid or failed.</exception>
    Task<QueryResult> QueryInstantAsync(IQueryableStorage storage, string query, long timestampMs, QueryOptions options, CancellationToken cancellationToken);

    /// <summary>Evaluates at every step of a range, both ends included.</summary>
    /// <exception cref="QueryException">The query is not valid or failed.</exception>
    Task<QueryResult> QueryRangeAsync(IQueryableStorage storage, string query, TimeRange range, long stepMs, QueryOptions options, CancellationToken cancellationToken);
}

/// <summary>Answers queries that are parsed once and asked again and again. Safe for concurrent use.</summary>
public interface IPreparedQueryEngine
{
    /// <summary>Parses a query.</summary>
    /// <exception cref="QueryException">The query is not valid.</exception>
    PreparedQuery Prepare(string query);

    /// <summary>Evaluates a query of this engine at one instant.</summary>
    /// <exception cref="QueryException">The query failed.</exception>
    Task<QueryResult> QueryInstantAsync(
        IQueryableStorage storage, PreparedQuery query, long timestampMs, QueryOptions options, CancellationToken cancellationToken);
}

/// <summary>What one query may spend, and who asks.</summary>
public sealed record QueryOptions
{
    /// <summary>The options of a query that says nothing.</summary>
    public static QueryOptions Default { get; } = new();

    /// <summary>How far back an instant selector looks; null: the engine's setting.</summary>
    public TimeSpan? LookbackDelta { get; init; }

    /// <summary>How long it may take; null or more than the engine's setting: the engine's setting.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether to count samples for each step (needs the feature flag).</summary>
    public bool PerStepStatistics { get; init; }

    /// <summary>Who asks: kept in logs and limits.</summary>
    public QueryOrigin Origin { get; init; } = QueryOrigin.Unknown;
}

/// <summary>The HTTP request of a query, as the query log shows it.</summary>
/// <param name="ClientIp">The address of the peer.</param>
/// <param name="Method">The method.</param>
/// <param name="Path">The path.</param>
public sealed record QueryHttpRequest(string ClientIp, string Method, string Path);

/// <summary>Who asks a query.</summary>
/// <param name="Kind">The way it came: <c>api</c>, <c>rule</c>, <c>template</c>, ...</param>
/// <param name="Details">What is known beyond, such as dashboard, panel, user, rule name.</param>
public sealed record QueryOrigin(string Kind, IReadOnlyDictionary<string, string> Details)
{
    /// <summary>The request that it came with, if it came over HTTP.</summary>
    public QueryHttpRequest? Request { get; init; }

    /// <summary>Nothing is known.</summary>
    public static QueryOrigin Unknown { get; } = new("unknown", new Dictionary<string, string>());
}
