using Narthex.Model;
using Narthex.PromQL;
using Narthex.Storage;

namespace Narthex.Web.Tests.Doubles;

/// <summary>Answers every query with what the test says, and remembers what it was asked.</summary>
internal sealed class FakeEngine : IQueryEngine
{
    public Func<CancellationToken, Task<QueryResult>> Answer { get; set; } =
        _ => Task.FromResult(new QueryResult { Type = Narthex.PromQL.Syntax.ValueType.Vector });

    public string LastQuery { get; private set; } = "";

    public long LastTimestampMs { get; private set; }

    public TimeRange LastRange { get; private set; }

    public long LastStepMs { get; private set; }

    public QueryOptions LastOptions { get; private set; } = QueryOptions.Default;

    public Task<QueryResult> QueryInstantAsync(
        IQueryableStorage storage, string query, long timestampMs, QueryOptions options, CancellationToken cancellationToken)
    {
        (LastQuery, LastTimestampMs, LastOptions) = (query, timestampMs, options);
        return Answer(cancellationToken);
    }

    public Task<QueryResult> QueryRangeAsync(
        IQueryableStorage storage, string query, TimeRange range, long stepMs, QueryOptions options, CancellationToken cancellationToken)
    {
        (LastQuery, LastRange, LastStepMs, LastOptions) = (query, range, stepMs, options);
        return Answer(cancellationToken);
    }
}
