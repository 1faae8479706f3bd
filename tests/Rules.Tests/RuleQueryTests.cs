using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL;
using Narthex.Storage;

namespace Narthex.Rules.Tests;

public sealed class RuleQueryTests
{
    [Fact]
    public async Task The_expression_of_a_rule_is_parsed_once()
    {
        using var engine = new CountingEngine();
        RuleQuery query = RuleContext.QueryWith(engine, () => new NoSeries());
        string ofOneRule = string.Concat("1 + ", "1");
        string ofAnother = string.Concat("1 + ", "1");

        for (int i = 0; i < 3; i++)
        {
            VectorSample sample = Assert.Single(await query(ofOneRule, 1_000 + i, QueryOrigin.Unknown, CancellationToken.None));
            Assert.Equal((2, 1_000 + i), (sample.Value, sample.TimestampMs));
        }

        Assert.Equal(1, engine.Prepared);
        Assert.Single(await query(ofAnother, 1_000, QueryOrigin.Unknown, CancellationToken.None));
        Assert.Equal(2, engine.Prepared);
    }

    [Fact]
    public async Task A_wrong_expression_fails_each_time()
    {
        using var engine = new CountingEngine();
        RuleQuery query = RuleContext.QueryWith(engine, () => new NoSeries());
        for (int i = 0; i < 2; i++)
        {
            QueryException error = await Assert.ThrowsAsync<QueryException>(() => query("sum(", 1_000, QueryOrigin.Unknown, CancellationToken.None));
            Assert.Equal(QueryErrorKind.BadData, error.Kind);
        }
    }

    private sealed class CountingEngine : IPreparedQueryEngine, IDisposable
    {
        private readonly QueryEngine _engine = new(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());

        public int Prepared { get; private set; }

        public PreparedQuery Prepare(string query)
        {
            Prepared++;
            return _engine.Prepare(query);
        }

        public Task<QueryResult> QueryInstantAsync(
            IQueryableStorage storage, PreparedQuery query, long timestampMs, QueryOptions options, CancellationToken cancellationToken) =>
            _engine.QueryInstantAsync(storage, query, timestampMs, options, cancellationToken);

        public void Dispose() => _engine.Dispose();
    }

    private sealed class NoSeries : IQueryableStorage
    {
        public IQuerier OpenQuerier(TimeRange range) => MergedQuerier.Over([]);
    }
}
