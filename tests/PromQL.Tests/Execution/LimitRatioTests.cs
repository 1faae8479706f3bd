using System.Globalization;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.PromQL.Tests.TestLanguage;

namespace Narthex.PromQL.Tests.Execution;

/// <summary>The series that the real server 3.5 kept of the same ones.</summary>
public sealed class LimitRatioTests
{
    [Theory]
    [InlineData("limit_ratio(0.3, temp)", "0 2 4 6 7 8 12 13 14")]
    [InlineData("limit_ratio(-0.5, temp)", "3 5 9 15 17 18")]
    [InlineData("limit_ratio(0.4, long)", "105 120 150 160 165 170 175 190 195 200 225 230 275 285 70000")]
    [InlineData("limit_ratio(-0.4, long)", "110 115 125 135 140 145 180 205 210 235 245 255 260 280 290 295")]
    [InlineData("limit_ratio(0, long)", "")]
    public async Task The_same_series_are_kept(string query, string expected)
    {
        var storage = new MemoryStorage();
        for (int i = 0; i < 20; i++)
        {
            storage.Append(Labels.FromStrings("__name__", "temp", "instance", $"i{i % 8}", "zone", $"z{i}"), 0, i);
        }

        // Around the lengths at which encodings of a length change, and far beyond.
        foreach (int length in Enumerable.Range(0, 40).Select(i => 100 + (5 * i)).Append(70_000))
        {
            storage.Append(Labels.FromStrings("__name__", "long", "n", length.ToString(CultureInfo.InvariantCulture), "v", new string('x', length)), 0, length);
        }

        using var engine = new QueryEngine(new QueryEngineOptions { EnableExperimentalFunctions = true }, TimeProvider.System, new MetricRegistry());
        using QueryResult result = await engine.QueryInstantAsync(storage, query, 0, QueryOptions.Default, default);
        Assert.Equal(expected, string.Join(' ', result.Vector.Select(sample => sample.Value).Order()));
    }
}
