using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Narthex.Model;

namespace Narthex.Promtool.Querying;

/// <summary>Prints results of the API as people read them: <c>up{job="a"} =&gt; 1 @[1700000000]</c>.</summary>
internal static class ResultPrinter
{
    /// <summary>Prints the <c>data</c> of a query.</summary>
    public static void Print(JsonElement data, TextWriter output)
    {
        JsonElement result = data.GetProperty("result");
        switch (data.GetProperty("resultType").GetString())
        {
            case "scalar":
                output.WriteLine($"scalar: {result[1].GetString()} @[{result[0].GetRawText()}]");
                break;
            case "string":
                output.WriteLine(result[1].GetString());
                break;
            case "matrix":
                output.WriteLine(string.Join('\n', result.EnumerateArray().Select(Series)));
                break;
            default:
                output.WriteLine(string.Join('\n', result.EnumerateArray().Select(Sample)));
                break;
        }
    }

    /// <summary>JSON on one line.</summary>
    public static string Compact(JsonElement element)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            element.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    /// <summary>All labels in braces.</summary>
    public static string LabelSet(JsonElement labels) => "{" + Pairs(labels, withName: true) + "}";

    private static string Sample(JsonElement sample)
    {
        bool isHistogram = sample.TryGetProperty("histogram", out JsonElement point);
        if (!isHistogram)
        {
            point = sample.GetProperty("value");
        }

        return $"{Metric(sample.GetProperty("metric"))} => {Point(point, isHistogram)}";
    }

    private static string Series(JsonElement series)
    {
        var text = new StringBuilder(Metric(series.GetProperty("metric"))).Append(" =>");
        foreach ((string key, bool isHistogram) in new[] { ("values", false), ("histograms", true) })
        {
            if (series.TryGetProperty(key, out JsonElement points))
            {
                foreach (JsonElement point in points.EnumerateArray())
                {
                    text.Append('\n').Append(Point(point, isHistogram));
                }
            }
        }

        return text.ToString();
    }

    private static string Point(JsonElement point, bool isHistogram) => $"{(isHistogram ? Histogram(point[1]) : point[1].GetString())} @[{point[0].GetRawText()}]";

    private static string Histogram(JsonElement histogram)
    {
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture, $"Count: {Fixed(histogram.GetProperty("count"))}, Sum: {Fixed(histogram.GetProperty("sum"))}, Buckets: ["));
        if (histogram.TryGetProperty("buckets", out JsonElement buckets))
        {
            text.AppendJoin(' ', buckets.EnumerateArray().Select(Bucket));
        }

        return text.Append(']').ToString();
    }

    // The first number says which of the bounds belong to the bucket.
    private static string Bucket(JsonElement bucket)
    {
        int bounds = bucket[0].GetInt32();
        char open = bounds is 1 or 3 ? '[' : '(';
        char close = bounds is 0 or 3 ? ']' : ')';
        return $"{open}{Number(bucket[1])},{Number(bucket[2])}{close}:{Number(bucket[3])}";
    }

    private static string Number(JsonElement text) => FloatFormat.FormatGeneral(Value(text));

    private static string Fixed(JsonElement text) => Value(text) is var value && double.IsFinite(value) ? value.ToString("F6", CultureInfo.InvariantCulture) : FloatFormat.FormatPlain(value);

    private static double Value(JsonElement text) => text.GetString() switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        var number => double.Parse(number!, CultureInfo.InvariantCulture),
    };

    private static string Metric(JsonElement labels)
    {
        string name = labels.TryGetProperty("__name__", out JsonElement value) ? value.GetString()! : "";
        string pairs = Pairs(labels, withName: false);
        return name.Length == 0 ? "{" + pairs + "}"
            : LabelNames.IsValidLegacy(name) ? name + (pairs.Length > 0 ? "{" + pairs + "}" : "")
            : "{" + GoQuote.Quote(name) + (pairs.Length > 0 ? ", " + pairs : "") + "}";
    }

    private static string Pairs(JsonElement labels, bool withName) => string.Join(", ", labels.EnumerateObject()
        .Where(label => withName || label.Name != "__name__")
        .OrderBy(label => label.Name, StringComparer.Ordinal)
        .Select(label => $"{(LabelNames.IsValidLegacy(label.Name) ? label.Name : GoQuote.Quote(label.Name))}={GoQuote.Quote(label.Value.GetString()!)}"));
}
