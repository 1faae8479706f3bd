using System.Globalization;

namespace Narthex.Exposition;

/// <summary>What a metrics endpoint answers with.</summary>
/// <param name="Format">The format.</param>
/// <param name="Escaping">How names outside the classic character set are written.</param>
/// <param name="ContentType">The header of the answer.</param>
public sealed record MetricsEncoding(ExpositionFormat Format, NameEscapingScheme Escaping, string ContentType)
{
    /// <summary>Chooses by the request's Accept header. OpenMetrics is answered only where <paramref name="allowOpenMetrics"/> says so: upstream's own endpoint does not.</summary>
    public static MetricsEncoding Negotiate(string? accept, bool allowOpenMetrics)
    {
        foreach (MediaRange range in ParseAccept(accept))
        {
            if (range.Type == "application/openmetrics-text" && allowOpenMetrics && range.Version is "" or "0.0.1" or "1.0.0")
            {
                string version = range.Version == "" ? "0.0.1" : range.Version;
                return new(ExpositionFormat.OpenMetrics, range.Escaping, Header("application/openmetrics-text", version, range.Escaping));
            }

            if (range.Type == "text/plain" && range.Version is "" or "0.0.4" or "1.0.0")
            {
                string version = range.Version == "1.0.0" ? "1.0.0" : "0.0.4";
                return new(ExpositionFormat.Text, range.Escaping, Header("text/plain", version, range.Escaping));
            }
        }

        // An escaping that some range names holds for the default format too.
        NameEscapingScheme escaping = NameEscapingScheme.Underscores;
        foreach (MediaRange range in ParseAccept(accept))
        {
            if (range.HasEscaping)
            {
                escaping = range.Escaping;
                break;
            }
        }

        return new(ExpositionFormat.Text, escaping, Header("text/plain", "0.0.4", escaping));
    }

    private static string Header(string type, string version, NameEscapingScheme escaping) =>
        $"{type}; version={version}; charset=utf-8; escaping={NameEscaping.HeaderValue(escaping)}";

    private static List<MediaRange> ParseAccept(string? accept)
    {
        var ranges = new List<MediaRange>();
        foreach (string part in (accept ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] pieces = part.Split(';', StringSplitOptions.TrimEntries);
            var range = new MediaRange { Type = pieces[0].ToLowerInvariant() };
            foreach (string piece in pieces.AsSpan(1))
            {
                int equals = piece.IndexOf('=', StringComparison.Ordinal);
                string value = equals < 0 ? "" : piece[(equals + 1)..].Trim().Trim('"');
                switch (equals < 0 ? piece : piece[..equals].Trim().ToLowerInvariant())
                {
                    case "version":
                        range.Version = value;
                        break;
                    case "escaping" when NameEscaping.TryParse(value, out NameEscapingScheme scheme):
                        range.Escaping = scheme;
                        range.HasEscaping = true;
                        break;
                    case "q" when double.TryParse(value, CultureInfo.InvariantCulture, out double weight):
                        range.Weight = weight;
                        break;
                }
            }

            ranges.Add(range);
        }

        return [.. ranges.OrderByDescending(range => range.Weight)];
    }

    private sealed class MediaRange
    {
        public required string Type { get; init; }

        public string Version { get; set; } = "";

        public NameEscapingScheme Escaping { get; set; } = NameEscapingScheme.Underscores;

        public bool HasEscaping { get; set; }

        public double Weight { get; set; } = 1;
    }
}
