using System.Globalization;
using System.Text.Json;

namespace Narthex.Interop.Tests.Differential;

/// <summary>An answer of the query API, in a form that two of can be compared.</summary>
internal sealed class Answer
{
    private List<(string Labels, List<(string Time, string Value)> Points)> _series = [];

    private string Status { get; init; } = "";

    public string Error { get; init; } = "";

    private string Type { get; init; } = "";

    /// <summary>Warnings and infos, one a line, sorted.</summary>
    public string Annotations { get; init; } = "";

    /// <summary>Labels as JSON, and points with their values as words.</summary>
    public IReadOnlyList<(string Labels, List<(string Time, string Value)> Points)> Series => _series;

    /// <summary>All values, as a text that tells answers apart.</summary>
    public string ValuesText => string.Join('\n', _series.Select(s => $"{s.Labels} {string.Join(' ', s.Points)}").Order(StringComparer.Ordinal));

    public bool IsEmpty => _series.Count == 0;

    public bool IsError => Status != "success";

    public bool SameSeries(Answer other) =>
        _series.Select(s => s.Labels).Order(StringComparer.Ordinal).SequenceEqual(other._series.Select(s => s.Labels).Order(StringComparer.Ordinal));

    /// <summary>The same answer with its texts rewritten; each text stays once, as in an answer.</summary>
    public Answer WithTexts(Func<string, string> rewrite) => new()
    {
        Status = Status,
        Error = rewrite(Error),
        Type = Type,
        Annotations = string.Join('\n', Annotations.Split('\n').Select(rewrite).Where(text => text.Length > 0).Distinct().OrderBy(line => line.StartsWith("infos", StringComparison.Ordinal)).ThenBy(line => line, StringComparer.Ordinal)),
        _series = _series,
    };

    /// <summary>The same answer with other values.</summary>
    public Answer WithValues(Func<string, string, string, string> rewrite) => new()
    {
        Status = Status,
        Error = Error,
        Type = Type,
        Annotations = Annotations,
        _series = [.. _series.Select(s => (s.Labels, s.Points.Select(point => (point.Time, rewrite(s.Labels, point.Time, point.Value))).ToList()))],
    };

    /// <summary>The same answer with other labels.</summary>
    public Answer WithLabels(Func<string, string> rewrite) => new()
    {
        Status = Status,
        Error = Error,
        Type = Type,
        Annotations = Annotations,
        _series = [.. _series.Select(s => (rewrite(s.Labels), s.Points))],
    };

    /// <summary>The same answer with other warnings and infos.</summary>
    public Answer WithAnnotations(IEnumerable<string> lines) => new()
    {
        Status = Status,
        Error = Error,
        Type = Type,
        Annotations = string.Join('\n', lines.Distinct().OrderBy(line => line.StartsWith("infos", StringComparison.Ordinal)).ThenBy(line => line, StringComparer.Ordinal)),
        _series = _series,
    };

    /// <summary>The answer over a range that the answers at its steps make; series in the order of <paramref name="like"/>.</summary>
    public static Answer Join(IReadOnlyCollection<Answer> steps, Answer like)
    {
        if (steps.FirstOrDefault(step => step.IsError) is { } failure)
        {
            return failure;
        }

        List<string> order = [.. like._series.Select(s => s.Labels)];
        return new Answer
        {
            Status = "success",
            Type = like.Type,
            Annotations = string.Join('\n', steps.SelectMany(step => step.Annotations.Split('\n')).Where(line => line.Length > 0).Distinct()),

            // An answer has floats before histograms.
            _series =
            [
                .. steps.SelectMany(step => step._series).SelectMany(s => s.Points.Select(point => (s.Labels, point))).GroupBy(one => one.Labels, one => one.point)
                    .OrderBy(series => order.IndexOf(series.Key)).Select(series => (series.Key, series.OrderBy(point => point.Value.Contains(' ', StringComparison.Ordinal)).ToList())),
            ],
        }.WithTexts(text => text);
    }

    /// <summary>Whether an instant answer has the series and values that this one has at its time.</summary>
    public bool Agrees(Answer instant, string time)
    {
        Dictionary<string, string> here = _series.SelectMany(s => s.Points.Where(point => point.Time == time).Select(point => (s.Labels, point.Value))).ToDictionary(one => one.Labels, one => one.Value);
        return instant._series.Count == here.Count && instant._series.All(s => here.TryGetValue(s.Labels, out string? value) && Same(s.Points[0].Value, value));
    }

    /// <summary>An error.</summary>
    public static Answer Failure(string error) => new() { Status = "error", Error = error };

    public static Answer Read(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement root = document.RootElement;
        bool hasData = root.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.Object;
        var answer = new Answer
        {
            Status = root.GetProperty("status").GetString()!,
            Error = root.TryGetProperty("errorType", out JsonElement type) ? $"{type.GetString()}: {root.GetProperty("error").GetString()}" : "",
            Type = hasData ? data.GetProperty("resultType").GetString()! : "",
            Annotations = string.Join("\n", Texts(root, "warnings").Concat(Texts(root, "infos"))),
        };
        if (hasData)
        {
            answer.ReadResult(data.GetProperty("result"));
        }

        return answer;
    }

    /// <summary>What is different, null if nothing that matters is.</summary>
    public static string? Difference(Answer expected, Answer actual, bool orderMatters)
    {
        if (expected.Status != actual.Status || expected.Error != actual.Error)
        {
            return $"status: expected {expected.Status} {expected.Error}, got {actual.Status} {actual.Error}";
        }

        if (expected.Type != actual.Type)
        {
            return $"type: expected {expected.Type}, got {actual.Type}";
        }

        if (SeriesDifference(expected._series, actual._series, orderMatters || expected.Type == "matrix") is { } difference)
        {
            return difference;
        }

        return expected.Annotations == actual.Annotations ? null : $"annotations: expected\n      {expected.Annotations}\n    got\n      {actual.Annotations}";
    }

    private static string? SeriesDifference(
        List<(string Labels, List<(string Time, string Value)> Points)> expected, List<(string Labels, List<(string Time, string Value)> Points)> actual, bool orderMatters)
    {
        var expectedSet = expected.Select(s => s.Labels).Order(StringComparer.Ordinal).ToList();
        var actualSet = actual.Select(s => s.Labels).Order(StringComparer.Ordinal).ToList();
        if (!expectedSet.SequenceEqual(actualSet))
        {
            return $"series: missing [{string.Join("; ", expectedSet.Except(actualSet).Take(4))}], too many [{string.Join("; ", actualSet.Except(expectedSet).Take(4))}]";
        }

        if (orderMatters && !SameOrder(expected, actual))
        {
            return $"order: expected [{string.Join("; ", expected.Select(s => s.Labels).Take(6))}], got [{string.Join("; ", actual.Select(s => s.Labels).Take(6))}]";
        }

        Dictionary<string, List<(string Time, string Value)>> byLabels = actual.ToDictionary(s => s.Labels, s => s.Points);
        foreach ((string labels, List<(string Time, string Value)> points) in expected)
        {
            List<(string Time, string Value)> others = byLabels[labels];
            for (int i = 0; i < Math.Max(points.Count, others.Count); i++)
            {
                (string Time, string Value)? left = i < points.Count ? points[i] : null;
                (string Time, string Value)? right = i < others.Count ? others[i] : null;
                if (left is null || right is null || left.Value.Time != right.Value.Time || !Same(left.Value.Value, right.Value.Value))
                {
                    return $"point: {labels} expected {left} of {points.Count}, got {right} of {others.Count}";
                }
            }
        }

        return null;
    }

    // Series of equal value may stand either way around.
    private static bool SameOrder(
        List<(string Labels, List<(string Time, string Value)> Points)> expected, List<(string Labels, List<(string Time, string Value)> Points)> actual) =>
        expected.Zip(actual).All(pair =>
            pair.First.Labels == pair.Second.Labels
            || (pair.First.Points.Count == 1 && pair.Second.Points.Count == 1 && pair.First.Points[0].Value == pair.Second.Points[0].Value));

    // Floats are one word; histograms are words in a fixed order.
    private static bool Same(string expected, string actual)
    {
        if (expected == actual)
        {
            return true;
        }

        string[] left = expected.Split(' ');
        string[] right = actual.Split(' ');
        return left.Length == right.Length && left.Zip(right).All(pair => SameNumber(pair.First, pair.Second));
    }

    /// <summary>Whether two printed numbers are the same to 1e-9.</summary>
    public static bool SameNumber(string expected, string actual) =>
        expected == actual
        || (double.TryParse(expected, NumberStyles.Float, CultureInfo.InvariantCulture, out double left)
            && double.TryParse(actual, NumberStyles.Float, CultureInfo.InvariantCulture, out double right)
            && Math.Abs(left - right) <= 1e-9 * Math.Max(Math.Abs(left), Math.Abs(right)));

    private static IEnumerable<string> Texts(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement texts) ? texts.EnumerateArray().Select(text => $"{name}: {text.GetString()}").Order(StringComparer.Ordinal) : [];

    private void ReadResult(JsonElement result)
    {
        if (Type is "scalar" or "string")
        {
            _series.Add(("", [Point(result)]));
            return;
        }

        foreach (JsonElement series in result.EnumerateArray())
        {
            string labels = series.GetProperty("metric").GetRawText();
            var points = new List<(string, string)>();
            foreach (string name in (string[])["value", "histogram"])
            {
                if (series.TryGetProperty(name, out JsonElement point))
                {
                    points.Add(Point(point));
                }
            }

            foreach (string name in (string[])["values", "histograms"])
            {
                if (series.TryGetProperty(name, out JsonElement list))
                {
                    points.AddRange(list.EnumerateArray().Select(Point));
                }
            }

            _series.Add((labels, points));
        }
    }

    private static (string Time, string Value) Point(JsonElement pair) =>
        (pair[0].GetRawText(), pair[1].ValueKind == JsonValueKind.String ? pair[1].GetString()! : Words(pair[1]));

    private static string Words(JsonElement histogram)
    {
        var words = new List<string> { histogram.GetProperty("count").GetString()!, histogram.GetProperty("sum").GetString()! };
        if (histogram.TryGetProperty("buckets", out JsonElement buckets))
        {
            words.AddRange(buckets.EnumerateArray().SelectMany(bucket => bucket.EnumerateArray()).Select(part => part.ToString()));
        }

        return string.Join(' ', words);
    }
}
