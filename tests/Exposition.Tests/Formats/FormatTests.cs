using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Exposition.Tests;

public class FormatTests
{
    [ConformanceFact]
    public void Content_types_are_classified_as_upstream_classifies_them()
    {
        foreach (JsonElement row in Parse.Cases("textformat/content-type-cases.json"))
        {
            string contentType = Parse.String(row, "format") switch
            {
                "FmtProtoCompact" => "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=compact-text",
                "FmtProtoDelim" => "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
                "FmtProtoText" => "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text",
                "FmtOpenMetrics_1_0_0" => "application/openmetrics-text; version=1.0.0; charset=utf-8",
                "FmtOpenMetrics_0_0_1" => "application/openmetrics-text; version=0.0.1; charset=utf-8",
                "FmtText" => "text/plain; version=0.0.4; charset=utf-8",
                var other => other,
            };
            ExpositionFormat expected = Parse.String(row, "expected") switch
            {
                "TypeProtoCompact" or "TypeProtoDelim" or "TypeProtoText" => ExpositionFormat.Protobuf,
                "TypeOpenMetrics" => ExpositionFormat.OpenMetrics,
                "TypeTextPlain" => ExpositionFormat.Text,
                _ => ExpositionFormat.Unknown,
            };
            Assert.True(expected == ContentTypes.Classify(contentType), contentType);
        }
    }

    [ConformanceFact]
    public void Names_are_escaped_as_upstream_escapes_them()
    {
        foreach (JsonElement row in Parse.Cases("textformat/escape-name-cases.json"))
        {
            string name = Parse.String(row, "input");
            Assert.Equal(Parse.String(row, "expectedUnderscores"), NameEscaping.Escape(name, NameEscapingScheme.Underscores));
            string dots = NameEscaping.Escape(name, NameEscapingScheme.Dots);
            Assert.Equal(Parse.String(row, "expectedDots"), dots);
            Assert.Equal(Parse.String(row, "expectedUnescapedDots"), NameEscaping.Unescape(dots, NameEscapingScheme.Dots));
            string values = NameEscaping.Escape(name, NameEscapingScheme.Values);
            Assert.Equal(Parse.String(row, "expectedValue"), values);
            Assert.Equal(name, NameEscaping.Unescape(values, NameEscapingScheme.Values));
        }
    }

    [ConformanceFact]
    public void Names_that_no_scheme_has_written_are_not_unescaped()
    {
        foreach (JsonElement row in Parse.Cases("textformat/unescape-error-cases.json"))
        {
            Assert.Equal(Parse.String(row, "expected"), NameEscaping.Unescape(Parse.String(row, "input"), NameEscapingScheme.Values));
        }
    }

    [Theory]
    [InlineData("text/plain; version=0.0.4", null, ExpositionFormat.Text, null)]
    [InlineData("text/plain; version=9; charset=x", null, ExpositionFormat.Text, null)]
    [InlineData("application/openmetrics-text", null, ExpositionFormat.OpenMetrics, null)]
    [InlineData("", null, ExpositionFormat.Unknown, "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target")]
    [InlineData("", ScrapeProtocol.OpenMetrics001, ExpositionFormat.OpenMetrics, null)]
    [InlineData("text/html", null, ExpositionFormat.Unknown, "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified for target")]
    [InlineData("text/html", ScrapeProtocol.Text004, ExpositionFormat.Text, "received unsupported Content-Type \"text/html\", using fallback_scrape_protocol \"text/plain\"")]
    [InlineData(";;", null, ExpositionFormat.Unknown, "cannot parse Content-Type \";;\" and no fallback_scrape_protocol for target\nmime: no media type")]
    [InlineData("text/plain; version", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"text/plain; version\" and no fallback_scrape_protocol for target\nmime: invalid media parameter")]
    [InlineData("text/plain; version=0.0.4; version=1.0.0", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"text/plain; version=0.0.4; version=1.0.0\" and no fallback_scrape_protocol for target\nmime: duplicate parameter name")]
    [InlineData("text plain", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"text plain\" and no fallback_scrape_protocol for target\nmime: expected slash after first token")]
    [InlineData("text/plain; version=\"0.0.4", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"text/plain; version=\\\"0.0.4\" and no fallback_scrape_protocol for target\nmime: invalid media parameter")]
    [InlineData("text/", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"text/\" and no fallback_scrape_protocol for target\nmime: expected token after slash")]
    [InlineData("/plain", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"/plain\" and no fallback_scrape_protocol for target\nmime: no media type")]
    [InlineData("text/plain, text/html", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"text/plain, text/html\" and no fallback_scrape_protocol for target\nmime: unexpected content after media subtype")]
    [InlineData("text", null, ExpositionFormat.Unknown, "received unsupported Content-Type \"text\" and no fallback_scrape_protocol specified for target")]
    [InlineData("text plain", ScrapeProtocol.Text004, ExpositionFormat.Text, "could not parse received Content-Type \"text plain\", using fallback_scrape_protocol \"text/plain\"")]
    [InlineData("TEXT/Plain ; Version=0.0.4;; ", null, ExpositionFormat.Unknown, "cannot parse Content-Type \"TEXT/Plain ; Version=0.0.4;; \" and no fallback_scrape_protocol for target\nmime: invalid media parameter")]
    [InlineData("TEXT/Plain ; Version=0.0.4 ; ", null, ExpositionFormat.Text, null)]
    [InlineData("text/plain; a=\"x;\\\"y\"; a=\"x;\\\"y\"", null, ExpositionFormat.Text, null)]
    public void The_parser_is_chosen_by_content_type_and_fallback(string contentType, ScrapeProtocol? fallback, ExpositionFormat format, string? problem)
    {
        Assert.Equal(format, ContentTypes.Select(contentType, fallback, out string? actual));
        Assert.Equal(problem, actual);
    }

    [Fact]
    public void Accept_header_is_what_a_real_Prometheus_sends() => Assert.Equal(
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        ScrapeProtocols.AcceptHeader(
            [ScrapeProtocol.OpenMetrics100, ScrapeProtocol.OpenMetrics001, ScrapeProtocol.Text100, ScrapeProtocol.Text004], NameEscapingScheme.AllowUtf8));

    [Theory]
    [InlineData(null, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")]
    [InlineData("*/*", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores")]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8")]
    [InlineData("text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2", "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8")]
    public void Negotiation_answers_the_best_known_range(string? accept, string contentType) =>
        Assert.Equal(contentType, MetricsEncoding.Negotiate(accept, allowOpenMetrics: true).ContentType);
}
