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
        string text = $"{labels} {FloatFormat.FormatPlain(parser.Value)}" + (parser.HasTimestamp ? $" @{parser.TimestampMs}" : "");
        if (parser.HasExemplar)
        {
            Exemplar exemplar = parser.ReadExemplar(new LabelsBuilder(), -1);
            text += $" # {exemplar.Labels} {FloatFormat.FormatPlain(exemplar.Value)} @{exemplar.TimestampMs}";
        }

        return text;
    }
}
