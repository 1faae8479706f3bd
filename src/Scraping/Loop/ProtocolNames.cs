using Narthex.Exposition;

namespace Narthex.Scraping;

/// <summary>The formats' own names for what the configuration asks for.</summary>
internal static class ProtocolNames
{
    public static ScrapeProtocol ToExposition(this Configuration.ScrapeProtocol protocol) => protocol switch
    {
        Configuration.ScrapeProtocol.PrometheusText100 => ScrapeProtocol.Text100,
        Configuration.ScrapeProtocol.OpenMetricsText001 => ScrapeProtocol.OpenMetrics001,
        Configuration.ScrapeProtocol.OpenMetricsText100 => ScrapeProtocol.OpenMetrics100,
        Configuration.ScrapeProtocol.PrometheusProto => ScrapeProtocol.Protobuf,
        _ => ScrapeProtocol.Text004,
    };

    public static NameEscapingScheme ToExposition(this Configuration.NameEscapingScheme scheme) => scheme switch
    {
        Configuration.NameEscapingScheme.Underscores => NameEscapingScheme.Underscores,
        Configuration.NameEscapingScheme.Dots => NameEscapingScheme.Dots,
        Configuration.NameEscapingScheme.Values => NameEscapingScheme.Values,
        _ => NameEscapingScheme.AllowUtf8,
    };
}
