namespace Narthex.Exposition;

/// <summary>The formats that a target can be asked for.</summary>
public enum ScrapeProtocol : byte
{
    /// <summary>Classic text 0.0.4.</summary>
    Text004,

    /// <summary>Classic text 1.0.0: with quoted UTF-8 names.</summary>
    Text100,

    /// <summary>OpenMetrics 0.0.1.</summary>
    OpenMetrics001,

    /// <summary>OpenMetrics 1.0.0.</summary>
    OpenMetrics100,

    /// <summary>Length-delimited protocol buffers.</summary>
    Protobuf,
}

/// <summary>Names and headers of scrape protocols.</summary>
public static class ScrapeProtocols
{
    /// <summary>The protocol of that name in the configuration.</summary>
    public static bool TryParse(string name, out ScrapeProtocol protocol)
    {
        (bool found, protocol) = name switch
        {
            "PrometheusText0.0.4" => (true, ScrapeProtocol.Text004),
            "PrometheusText1.0.0" => (true, ScrapeProtocol.Text100),
            "OpenMetricsText0.0.1" => (true, ScrapeProtocol.OpenMetrics001),
            "OpenMetricsText1.0.0" => (true, ScrapeProtocol.OpenMetrics100),
            "PrometheusProto" => (true, ScrapeProtocol.Protobuf),
            _ => (false, default),
        };
        return found;
    }

    /// <summary>The media type in an Accept header, without parameters that depend on the configuration.</summary>
    public static string MediaType(ScrapeProtocol protocol) => protocol switch
    {
        ScrapeProtocol.Text004 => "text/plain;version=0.0.4",
        ScrapeProtocol.Text100 => "text/plain;version=1.0.0",
        ScrapeProtocol.OpenMetrics001 => "application/openmetrics-text;version=0.0.1",
        ScrapeProtocol.OpenMetrics100 => "application/openmetrics-text;version=1.0.0",
        _ => "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    };

    /// <summary>The Accept header for protocols in order of preference. The first gets the highest weight, anything else the lowest.</summary>
    public static string AcceptHeader(IReadOnlyList<ScrapeProtocol> protocols, NameEscapingScheme escaping)
    {
        var parts = new List<string>();
        // Weights count down from one more than there are protocols, asked for or not.
        int weight = Enum.GetValues<ScrapeProtocol>().Length + 1;
        foreach (ScrapeProtocol protocol in protocols)
        {
            // Formats that predate UTF-8 names do not know the parameter.
            bool knowsEscaping = protocol is ScrapeProtocol.Text100 or ScrapeProtocol.OpenMetrics100;
            string parameter = knowsEscaping ? ";escaping=" + NameEscaping.HeaderValue(escaping) : "";
            parts.Add($"{MediaType(protocol)}{parameter};q=0.{weight--}");
        }

        parts.Add($"*/*;q=0.{weight}");
        return string.Join(",", parts);
    }
}
