using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Functions;

public sealed class CounterDoubtTests
{
    [Theory]
    [InlineData(false, "series", "", "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"series\" (1:6)")]
    [InlineData(false, "series_total", "", null)]
    [InlineData(false, "series", "counter", "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"series\" (1:6)")]
    [InlineData(true, "series", "", "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got \"\": \"series\" (1:6)")]
    [InlineData(true, "series_total", "gauge", "metric might not be a counter, __type__ label is not set to \"counter\" or \"histogram\", got \"gauge\": \"series_total\" (1:6)")]
    [InlineData(true, "series", "counter", null)]
    [InlineData(true, "series", "histogram", null)]
    public async Task A_rate_doubts_what_is_no_counter_by_name_or_by_type_label(bool byType, string name, string type, string? info)
    {
        var storage = new MemoryStorage();
        LabelsBuilder labels = new LabelsBuilder().Set("__name__", name).Set("a", "b");
        if (type.Length > 0)
        {
            labels.Set("__type__", type);
        }

        for (int i = 0; i < 3; i++)
        {
            storage.Append(labels.ToLabels(), i * 60_000, i);
        }

        using var engine = new QueryEngine(new QueryEngineOptions { EnableTypeAndUnitLabels = byType }, TimeProvider.System, new MetricRegistry());
        using QueryResult result = await engine.QueryInstantAsync(storage, $"rate({name}[1m1s])", 120_000, QueryOptions.Default, default);
        Assert.Single(result.Vector);
        Assert.Equal(info is null ? [] : ["PromQL info: " + info], result.Infos);
    }
}
