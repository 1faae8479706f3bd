using System.Net.Http.Headers;

namespace Narthex.Exposition;

/// <summary>The parsers for the body of a scrape.</summary>
public enum ExpositionFormat : byte
{
    /// <summary>None fits.</summary>
    Unknown,

    /// <summary>Classic text.</summary>
    Text,

    /// <summary>OpenMetrics text.</summary>
    OpenMetrics,

    /// <summary>Length-delimited protocol buffers.</summary>
    Protobuf,
}

/// <summary>What content types say about a body.</summary>
public static class ContentTypes
{
    /// <summary>Chooses the parser for a scrape, as leniently as upstream.</summary>
    /// <param name="contentType">The header of the answer; null or empty if there was none.</param>
    /// <param name="fallback">What to take for a body without a usable header.</param>
    /// <param name="problem">What is wrong with the header: the scrape fails with it if the format is unknown, otherwise it is a note. Null if all is well.</param>
    public static ExpositionFormat Select(string? contentType, ScrapeProtocol? fallback, out string? problem)
    {
        problem = null;
        if (string.IsNullOrEmpty(contentType))
        {
            if (fallback is null)
            {
                problem = "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target";
            }

            return FormatOf(fallback);
        }

        bool isHeader = MediaTypeText.TryRead(contentType, out string mediaType, out string fault);
        ExpositionFormat format = isHeader ? FormatOf(mediaType) : ExpositionFormat.Unknown;
        if (format != ExpositionFormat.Unknown)
        {
            return format;
        }

        string quoted = Model.GoQuote.Quote(contentType);
        problem = (isHeader, fallback) switch
        {
            (true, null) => $"received unsupported Content-Type {quoted} and no fallback_scrape_protocol specified for target",
            (false, null) => $"cannot parse Content-Type {quoted} and no fallback_scrape_protocol for target\n{fault}",
            (true, ScrapeProtocol known) => $"received unsupported Content-Type {quoted}, using fallback_scrape_protocol {Model.GoQuote.Quote(MediaTypeOf(known))}",
            (false, ScrapeProtocol known) => $"could not parse received Content-Type {quoted}, using fallback_scrape_protocol {Model.GoQuote.Quote(MediaTypeOf(known))}",
        };
        return FormatOf(fallback);
    }

    /// <summary>The format that a content type names exactly, versions and parameters included.</summary>
    public static ExpositionFormat Classify(string contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out MediaTypeHeaderValue? header))
        {
            return ExpositionFormat.Unknown;
        }

        string? version = Parameter(header, "version");
        string? charset = Parameter(header, "charset");
        return header.MediaType switch
        {
            "text/plain" when version is null or "0.0.4" or "1.0.0" => ExpositionFormat.Text,
            "application/openmetrics-text" when version is "0.0.1" or "1.0.0" && charset is null or "utf-8" => ExpositionFormat.OpenMetrics,
            "application/vnd.google.protobuf" when Parameter(header, "proto") == "io.prometheus.client.MetricFamily"
                && Parameter(header, "encoding") is "delimited" or "text" or "compact-text" => ExpositionFormat.Protobuf,
            _ => ExpositionFormat.Unknown,
        };
    }

    private static string? Parameter(MediaTypeHeaderValue header, string name)
    {
        foreach (NameValueHeaderValue parameter in header.Parameters)
        {
            if (string.Equals(parameter.Name, name, StringComparison.OrdinalIgnoreCase))
            {
                return parameter.Value?.Trim('"');
            }
        }

        return null;
    }

    private static ExpositionFormat FormatOf(string mediaType) => mediaType switch
    {
        "text/plain" => ExpositionFormat.Text,
        "application/openmetrics-text" => ExpositionFormat.OpenMetrics,
        "application/vnd.google.protobuf" => ExpositionFormat.Protobuf,
        _ => ExpositionFormat.Unknown,
    };

    private static ExpositionFormat FormatOf(ScrapeProtocol? protocol) => protocol switch
    {
        ScrapeProtocol.Text004 or ScrapeProtocol.Text100 => ExpositionFormat.Text,
        ScrapeProtocol.OpenMetrics001 or ScrapeProtocol.OpenMetrics100 => ExpositionFormat.OpenMetrics,
        ScrapeProtocol.Protobuf => ExpositionFormat.Protobuf,
        _ => ExpositionFormat.Unknown,
    };

    private static string MediaTypeOf(ScrapeProtocol protocol) => ScrapeProtocols.MediaType(protocol).Split(';')[0];
}
