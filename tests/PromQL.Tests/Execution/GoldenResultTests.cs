using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>What the real Prometheus 3.5 answers on the same samples: values to the last bit, and how many samples it counts.</summary>
public sealed class GoldenResultTests : IDisposable
{
    private const long StartMs = 1_700_000_000_000;

    private readonly MemoryStorage _storage = new();
    private readonly QueryEngine _engine = new(new QueryEngineOptions(), TimeProvider.System, new MetricRegistry());

    public GoldenResultTests()
    {
        for (int i = 0; i < 100; i++)
        {
            long time = StartMs + (i * 15_000);
            _storage.Append(Labels.FromStrings("__name__", "g", "a", "1"), time, i * 3 % 7);
            _storage.Append(Labels.FromStrings("__name__", "g", "a", "2"), time, -i);
            _storage.Append(Labels.FromStrings("__name__", "lat_bucket", "le", "1"), time, i * 2);
            _storage.Append(Labels.FromStrings("__name__", "lat_bucket", "le", "2"), time, i);
            _storage.Append(Labels.FromStrings("__name__", "lat_bucket", "le", "+Inf"), time, i * 8);
        }
    }

    public void Dispose() => _engine.Dispose();

    [Theory]
    [InlineData("rate(g[2m])", 0.14285714285714285, -4.199999999999999, 16)]
    [InlineData("predict_linear(g[3m], 60)", 3.142191142191142, -70.66666666666667, 24)]
    [InlineData("sum_over_time(g[5m:1m])", 16, -290, 10)]
    [InlineData("round(g, 0)", double.NaN, double.NaN, 2)]
    public async Task Values_and_sample_counts_are_those_of_the_real_one(string query, double first, double second, long samples)
    {
        using QueryResult result = await Run(query);

        Assert.Equal([first, second], result.Vector.OrderBy(v => v.Labels).Select(v => v.Value));
        Assert.Equal(samples, result.Statistics.TotalQueryableSamples);
    }

    [Fact]
    public async Task Annotations_are_those_of_the_real_one()
    {
        using QueryResult rate = await Run("rate(g[2m])");
        using QueryResult quantile = await Run("quantile(2, g)");

        Assert.Equal(["PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"g\" (1:6)"], rate.Infos);
        Assert.Equal(["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"], quantile.Warnings);
    }

    [Theory]
    [InlineData("g + on() g", "found duplicate series for the match group {} on the right hand-side of the operation: [{__name__=\"g\", a=\"2\"}, {__name__=\"g\", a=\"1\"}];many-to-many matching not allowed: matching labels must be unique on one side")]
    [InlineData("label_replace(g, 'a', 'x', '', '')", "vector cannot contain metrics with the same labelset")]
    [InlineData("label_replace(g, 'a', '$1', 'a', '(')", "invalid regular expression in label_replace(): (")]
    public async Task Errors_are_those_of_the_real_one(string query, string message)
    {
        QueryException error = await Assert.ThrowsAsync<QueryException>(() => Run(query));

        Assert.Equal(QueryErrorKind.Execution, error.Kind);
        Assert.Equal(message, error.Message);
    }

    private Task<QueryResult> Run(string query) => _engine.QueryInstantAsync(_storage, query, StartMs + 1_000_000, QueryOptions.Default, default);
}
