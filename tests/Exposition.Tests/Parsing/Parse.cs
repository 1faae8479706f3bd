using System.Text;
using System.Text.Json;
using Narthex.Model;
using Narthex.Tests;

namespace Narthex.Exposition.Tests;

/// <summary>Reads whole bodies, and upstream's tables of cases.</summary>
internal static class Parse
{
    public static List<string> Text(string body) => Text(Encoding.UTF8.GetBytes(body));

    public static List<string> Text(byte[] body)
    {
        var parser = new PrometheusTextParser(body);
        return All(ref parser);
    }

    public static List<string> OpenMetrics(string body) => OpenMetrics(Encoding.UTF8.GetBytes(body));

    public static List<string> OpenMetrics(byte[] body)
    {
        var parser = new OpenMetricsParser(body);
        return All(ref parser);
    }

    public static List<string> Converted(string body, bool keepsClassic)
    {
        var parser = new ClassicConversionParser<PrometheusTextParser>(new PrometheusTextParser(Encoding.UTF8.GetBytes(body)), keepsClassic);
        return All(ref parser);
    }

    public static List<string> ConvertedOpenMetrics(string body)
    {
        var parser = new ClassicConversionParser<OpenMetricsParser>(new OpenMetricsParser(Encoding.UTF8.GetBytes(body)), keepsClassic: false);
        return All(ref parser);
    }

    public static List<string> Protobuf(byte[] body) => Protobuf(body, HistogramParsing.Native);

    public static List<string> Protobuf(byte[] body, HistogramParsing histograms)
    {
        var parser = new ProtobufParser(body, histograms);
        return All(ref parser);
    }

    /// <summary>One readable line for each entry.</summary>
    public static List<string> All<TParser>(ref TParser parser)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        var lines = new List<string>();
        var builder = new LabelsBuilder();
        while (true)
        {
            switch (parser.Next())
            {
                case EntryKind.End:
                    return lines;
                case EntryKind.Series:
                    parser.ParseLabels(builder.Reset());
                    lines.Add(Describe(ref parser, builder.ToLabels()));
                    break;
                case EntryKind.Type:
                    lines.Add($"type {Encoding.UTF8.GetString(parser.FamilyName)} {parser.MetricType}");
                    break;
                case EntryKind.Help:
                    lines.Add($"help {Encoding.UTF8.GetString(parser.FamilyName)} {parser.ReadHelp()}");
                    break;
                case EntryKind.Unit:
                    lines.Add($"unit {Encoding.UTF8.GetString(parser.FamilyName)} {Encoding.UTF8.GetString(parser.Text)}");
                    break;
                default:
                    lines.Add("comment " + Encoding.UTF8.GetString(parser.Text));
                    break;
            }
        }
    }

    public static string? Error(Func<byte[], List<string>> parse, byte[] body)
    {
        try
        {
            parse(body);
            return null;
        }
        catch (ExpositionException e)
        {
            return e.Message;
        }
    }

    public static string ConformancePath(string path) => Path.Combine(RepositoryPaths.Conformance!, path);

    public static List<JsonElement> Cases(string path) =>
        [.. JsonDocument.Parse(File.ReadAllText(ConformancePath(path))).RootElement.GetProperty("cases").EnumerateArray()];

    /// <summary>A text, empty if absent; bytes that are not UTF-8 stand as Latin-1 under a key of their own.</summary>
    public static byte[] Bytes(JsonElement row, string key) =>
        !row.TryGetProperty(key, out JsonElement value) ? []
        : value.ValueKind == JsonValueKind.String ? Encoding.UTF8.GetBytes(value.GetString()!)
        : Encoding.Latin1.GetBytes(value.GetProperty("$latin1bytes").GetString()!);

    public static string String(JsonElement row, string key) => row.TryGetProperty(key, out JsonElement value) ? value.GetString()! : "";

    private static string Describe<TParser>(ref TParser parser, Labels labels)
        where TParser : struct, IExpositionParser, allows ref struct
    {
        string value = parser.HasHistogram ? Describe(parser.ReadHistogram()) : FloatFormat.FormatPlain(parser.Value);
        string text = $"{labels} {value}" + (parser.HasTimestamp ? $" @{parser.TimestampMs}" : "")
            + (parser.StartTimestampMs != 0 ? $" since {parser.StartTimestampMs}" : "");
        while (parser.HasExemplar)
        {
            Exemplar exemplar = parser.ReadExemplar(new LabelsBuilder(), -1);
            text += $" # {exemplar.Labels} {FloatFormat.FormatPlain(exemplar.Value)} @{exemplar.TimestampMs}";
        }

        return text;
    }

    private static string Describe(FloatHistogram histogram)
    {
        string spans(HistogramSpan[] list) => string.Join(' ', list.Select(span => $"{span.Offset}:{span.Length}"));
        string numbers(double[] list) => string.Join(',', list.Select(FloatFormat.FormatPlain));
        return $"{{schema={histogram.Schema} count={FloatFormat.FormatPlain(histogram.Count)} sum={FloatFormat.FormatPlain(histogram.Sum)}"
            + $" zero={FloatFormat.FormatPlain(histogram.ZeroCount)}@{FloatFormat.FormatPlain(histogram.ZeroThreshold)}"
            + $" +[{spans(histogram.PositiveSpans)}]{numbers(histogram.PositiveBuckets)} -[{spans(histogram.NegativeSpans)}]{numbers(histogram.NegativeBuckets)}"
            + (histogram.UsesCustomBuckets ? $" bounds={numbers(histogram.CustomValues)}" : "")
            + (histogram.CounterResetHint == CounterResetHint.Unknown ? "" : $" {histogram.CounterResetHint}") + "}";
    }
}
