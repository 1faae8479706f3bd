using Narthex.Model;
using Narthex.PromQL.Planning;

namespace Narthex.PromQL.Execution;

/// <summary>Says what an engine would do with a query, without doing it.</summary>
public interface IQueryExplainer
{
    /// <summary>The plan of a query over a range of times; an instant query has a range of one time and a step of 0.</summary>
    /// <exception cref="QueryException">The query is faulty.</exception>
    QueryPlan Explain(string query, TimeRange range, long stepMs, QueryOptions options);
}
