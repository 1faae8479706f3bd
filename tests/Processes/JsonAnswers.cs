using System.Globalization;
using System.Text.Json;

namespace Narthex.Tests;

/// <summary>Compares answers of the query API: same series, same times, values equal within a relative error.</summary>
internal static class JsonAnswers
{
    /// <summary>A result as lines that sort and compare: one for each sample.</summary>
    public static SortedDictionary<string, double> Samples(string answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer);
        Assert.True(document.RootElement.GetProperty("status").GetString() == "success", answer);
        JsonElement data = document.RootElement.GetProperty("data");
        var samples = new SortedDictionary<string, double>(StringComparer.Ordinal);
        string type = data.GetProperty("resultType").GetString()!;
        if (type is "scalar" or "string")
        {
            Add(samples, type, data.GetProperty("result"));
            return samples;
        }

        foreach (JsonElement series in data.GetProperty("result").EnumerateArray())
        {
            string labels = string.Join(",", series.GetProperty("metric").EnumerateObject()
                .Select(label => $"{label.Name}={label.Value.GetString()}").Order(StringComparer.Ordinal));
            if (series.TryGetProperty("value", out JsonElement value))
            {
                Add(samples, labels, value);
            }

            if (series.TryGetProperty("values", out JsonElement values))
            {
                foreach (JsonElement one in values.EnumerateArray())
                {
                    Add(samples, labels, one);
                }
            }
        }

        return samples;
    }

    /// <summary>Fails, and shows the first differences, unless both hold the same samples.</summary>
    public static void AssertEqual(string query, string expectedAnswer, string actualAnswer, double tolerance = 1e-9)
    {
        SortedDictionary<string, double> expected = Samples(expectedAnswer);
        SortedDictionary<string, double> actual = Samples(actualAnswer);
        List<string> differences =
        [
            .. expected.Keys.Except(actual.Keys).Select(key => $"missing: {key} {expected[key]}"),
            .. actual.Keys.Except(expected.Keys).Select(key => $"too much: {key} {actual[key]}"),
            .. expected.Where(pair => actual.TryGetValue(pair.Key, out double value) && !Same(pair.Value, value, tolerance))
                .Select(pair => $"{pair.Key}: expected {pair.Value:R}, got {actual[pair.Key]:R}"),
        ];
        Assert.True(differences.Count == 0, $"{query}: {differences.Count} differences of {expected.Count} samples:\n{string.Join("\n", differences.Take(8))}");
    }

    private static void Add(SortedDictionary<string, double> samples, string key, JsonElement pair)
    {
        string text = pair[1].GetString()!;
        bool isNumber = double.TryParse(text.Replace("Inf", "Infinity", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out double value);
        samples.Add($"{key} @{pair[0].GetRawText()}{(isNumber ? "" : " " + text)}", value);
    }

    private static bool Same(double expected, double actual, double tolerance) =>
        expected.Equals(actual) || Math.Abs(expected - actual) <= tolerance * Math.Max(Math.Abs(expected), Math.Abs(actual));
}
