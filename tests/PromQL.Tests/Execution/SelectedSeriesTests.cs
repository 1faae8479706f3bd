using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>Which labels a query reads, and that reading less does not change what it says.</summary>
public sealed class SelectedSeriesTests : IDisposable
{
    private readonly MemoryStorage _storage = new();
    private readonly QueryEngine _engine = new(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());
    private readonly List<string> _projections = [];
    private int _whole;

    public SelectedSeriesTests()
    {
        for (int series = 0; series < 40; series++)
        {
            Labels labels = Labels.FromStrings("__name__", "requests_total", "instance", $"i{series % 20:D2}", "code", series < 20 ? "200" : "500");
            for (int i = 0; i <= 20; i++)
            {
                _storage.Append(labels, i * 15_000, i * series);
            }
        }

        _storage.OnLabels = () => Interlocked.Increment(ref _whole);
        _storage.OnProjection = projection =>
        {
            lock (_projections)
            {
                _projections.Add((projection.KeepsNamed ? "+" : "-") + string.Join(",", projection.Names.ToArray().Select(name => System.Text.Encoding.UTF8.GetString(name)).Order(StringComparer.Ordinal)));
            }
        };
    }

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData("requests_total > 1e6")]
    [InlineData("rate(requests_total[1m]) > 1e6")]
    [InlineData("-requests_total > 0")]
    [InlineData("count(rate(requests_total[1m]))")]
    public async Task What_leaves_no_series_reads_no_labels(string query)
    {
        using QueryResult result = await Instant(query);

        Assert.Equal(0, _whole);
        Assert.Empty(_projections);
    }

    [Theory]
    [InlineData("sum by (code) (rate(requests_total[1m]))", 2, "+code")]
    [InlineData("sum by (code, __name__) (rate(requests_total[1m]))", 2, "+code")]
    [InlineData("sum by (code, __name__) (requests_total)", 2, "+__name__,code")]
    [InlineData("max by (nothing) (requests_total)", 1, "+nothing")]
    [InlineData("sum without (instance) (rate(requests_total[1m]))", 2, "-__name__,__type__,__unit__,instance")]
    public async Task An_aggregation_reads_the_labels_that_it_groups_by(string query, int groups, string projection)
    {
        using QueryResult result = await Instant(query);

        Assert.Equal(groups, result.Vector.Count);
        Assert.Equal(0, _whole);
        Assert.Equal(40, _projections.Count);
        Assert.All(_projections, read => Assert.Equal(projection, read));
    }

    [Fact]
    public async Task Only_the_series_of_the_result_have_their_labels_read()
    {
        using QueryResult result = await Instant("rate(requests_total[1m]) > 2.55");

        Assert.Equal([Labels.FromStrings("code", "500", "instance", "i19")], result.Vector.Select(sample => sample.Labels));
        Assert.Equal(0, _whole);
        Assert.Single(_projections);
    }

    [Fact]
    public async Task Series_that_differ_in_nothing_but_the_type_still_collide_when_it_goes()
    {
        foreach (string type in new[] { "counter", "gauge" })
        {
            _storage.Append(Labels.FromStrings("__name__", "typed", "__type__", type), 290_000, 1);
            _storage.Append(Labels.FromStrings("__name__", "typed", "__type__", type), 300_000, 2);
        }

        foreach (string query in new[] { "rate(typed[1m])", "-typed", "typed * 2" })
        {
            QueryException error = await Assert.ThrowsAsync<QueryException>(() => Instant(query));
            Assert.Equal("vector cannot contain metrics with the same labelset", error.Message);
        }

        using QueryResult filtered = await Instant("typed > 1");
        Assert.Equal(["counter", "gauge"], filtered.Vector.Select(sample => sample.Labels["__type__"]).Order());
    }

    private Task<QueryResult> Instant(string query) => _engine.QueryInstantAsync(_storage, query, 300_000, new QueryOptions(), CancellationToken.None);
}
