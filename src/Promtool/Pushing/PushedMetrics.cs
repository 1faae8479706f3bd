using System.Text;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.RemoteStorage.Sending;

namespace Narthex.Promtool.Pushing;

/// <summary>Makes messages of remote write of an exposition.</summary>
internal static class PushedMetrics
{
    /// <summary>Encodes all samples; those without a time get that of now.</summary>
    /// <exception cref="ExpositionException">The text is malformed.</exception>
    public static byte[] Encode(byte[] body, IReadOnlyList<string> extraLabels, long nowMs, bool isV2)
    {
        KeyValuePair<string, string>[] extra = [.. extraLabels.Select(ServerClient.ParseHeader)];
        var first = new WriteRequestEncoder();
        var second = new WriteRequestV2Encoder();
        var families = new Dictionary<string, (MetricType Type, string Help)>(StringComparer.Ordinal);
        var builder = new LabelsBuilder();
        var parser = new PrometheusTextParser(body);
        while (true)
        {
            switch (parser.Next())
            {
                case EntryKind.End:
                    return isV2 ? second.ToArray() : first.ToArray();
                case EntryKind.Type:
                    string typed = Encoding.UTF8.GetString(parser.FamilyName);
                    families[typed] = families.GetValueOrDefault(typed, (default, "")) with { Type = parser.MetricType };
                    break;
                case EntryKind.Help:
                    string helped = Encoding.UTF8.GetString(parser.FamilyName);
                    families[helped] = families.GetValueOrDefault(helped, (default, "")) with { Help = parser.ReadHelp() };
                    break;
                case EntryKind.Series:
                    builder.Reset();
                    parser.ParseLabels(builder);
                    foreach ((string name, string value) in extra)
                    {
                        builder.Set(name, value);
                    }

                    Labels labels = builder.ToLabels();
                    long timestampMs = parser.HasTimestamp ? parser.TimestampMs : nowMs;
                    if (isV2)
                    {
                        (MetricType type, string help) = FamilyOf(labels.MetricName, families);
                        second.Add(labels, type, help, timestampMs, parser.Value);
                    }
                    else
                    {
                        first.Add(labels, timestampMs, parser.Value);
                    }

                    break;
            }
        }
    }

    private static (MetricType Type, string Help) FamilyOf(string metric, Dictionary<string, (MetricType Type, string Help)> families)
    {
        if (families.TryGetValue(metric, out (MetricType, string) family))
        {
            return family;
        }

        foreach (string suffix in new[] { "_bucket", "_count", "_sum" })
        {
            if (metric.EndsWith(suffix, StringComparison.Ordinal) && families.TryGetValue(metric[..^suffix.Length], out family))
            {
                return family;
            }
        }

        return (MetricType.Unknown, "");
    }
}
