using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.Storage;

namespace Narthex.PromQL.Execution;

/// <summary>What a query did.</summary>
/// <param name="Plan">Its plan, with the cost of each node that ran.</param>
/// <param name="Statistics">What it cost as a whole.</param>
/// <param name="Series">The number of series in its result.</param>
/// <param name="Warnings">Warnings that came with the result.</param>
/// <param name="Infos">Notes of less weight.</param>
public sealed record QueryAnalysis(QueryPlan Plan, QueryStatistics Statistics, int Series, IReadOnlyList<string> Warnings, IReadOnlyList<string> Infos);

/// <summary>Says what an engine would do with a query, or what it did.</summary>
public interface IQueryExplainer
{
    /// <summary>The plan of a query over a range of times; an instant query has a range of one time and a step of 0.</summary>
    /// <exception cref="QueryException">The query is faulty.</exception>
    QueryPlan Explain(string query, TimeRange range, long stepMs, QueryOptions options);

    /// <summary>Runs a query, within all limits, and tells what each part of it cost. The times are those of <see cref="Explain"/>.</summary>
    /// <remarks>The query runs on one thread alone, where it might use several, so that the times of its parts can be compared.</remarks>
    /// <exception cref="QueryException">The query is faulty or failed.</exception>
    Task<QueryAnalysis> AnalyzeAsync(
        IQueryableStorage storage, string query, TimeRange range, long stepMs, QueryOptions options, CancellationToken cancellationToken);
}
