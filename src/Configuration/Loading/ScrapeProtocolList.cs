using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>The names of scrape protocols.</summary>
internal static class ScrapeProtocolList
{
    private static readonly (ScrapeProtocol Protocol, string Text)[] s_names =
    [
        (ScrapeProtocol.OpenMetrics001, "OpenMetricsText0.0.1"),
        (ScrapeProtocol.OpenMetrics100, "OpenMetricsText1.0.0"),
        (ScrapeProtocol.Protobuf, "PrometheusProto"),
        (ScrapeProtocol.Text004, "PrometheusText0.0.4"),
        (ScrapeProtocol.Text100, "PrometheusText1.0.0"),
    ];

    public static EquatableList<ScrapeProtocol> Default(bool nativeHistograms) =>
        nativeHistograms ? GlobalConfig.DefaultProtobufFirstScrapeProtocols : GlobalConfig.DefaultScrapeProtocols;

    public static EquatableList<ScrapeProtocol> Parse(EquatableList<string> texts, SectionReader section, string where)
    {
        var protocols = new List<ScrapeProtocol>();
        foreach (string text in texts)
        {
            if (!TryParse(text, out ScrapeProtocol protocol))
            {
                section.Require(false, $"scrape_protocols: {Unknown(text)}{where}");
            }

            section.Require(!protocols.Contains(protocol), $"duplicated protocol in scrape_protocols, got [{string.Join(' ', texts)}]{where}");
            protocols.Add(protocol);
        }

        return protocols.ToEquatableList();
    }

    public static bool TryParse(string text, out ScrapeProtocol protocol)
    {
        int index = Array.FindIndex(s_names, name => name.Text == text);
        protocol = index < 0 ? default : s_names[index].Protocol;
        return index >= 0;
    }

    public static string Unknown(string text) =>
        $"unknown scrape protocol {text}, supported: [{string.Join(' ', s_names.Select(name => name.Text))}]";

    public static string ToConfigText(this ScrapeProtocol protocol) => Array.Find(s_names, name => name.Protocol == protocol).Text;
}
