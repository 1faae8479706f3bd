using System.Globalization;
using System.Net.Http;
using System.Text;
using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>What all loops of a pool need of its configuration. Immutable; a reload gives the loops another one.</summary>
internal sealed class ScrapeSettings
{
    public ScrapeSettings(ScrapeConfig config, ScrapeOptions options, HttpMessageInvoker client)
    {
        Config = config;
        Client = client;
        ExtraMetrics = config.ExtraScrapeMetrics || options.ExtraScrapeMetrics;
        Accept = ScrapeProtocols.AcceptHeader(
            [.. config.ScrapeProtocols.Where(protocol => protocol != Configuration.ScrapeProtocol.PrometheusProto).Select(Translate)],
            (Exposition.NameEscapingScheme)(byte)config.MetricNameEscapingScheme);
        Fallback = config.FallbackScrapeProtocol is { } fallback ? Translate(fallback) : null;
    }

    public ScrapeConfig Config { get; }

    public HttpMessageInvoker Client { get; }

    public string Accept { get; }

    public Exposition.ScrapeProtocol? Fallback { get; }

    public bool ExtraMetrics { get; }

    /// <summary>Whether what a loop remembers of its series still holds under these settings.</summary>
    public bool KeepsSeriesOf(ScrapeSettings other) =>
        Config.HonorLabels == other.Config.HonorLabels
        && Config.MetricNameValidationScheme == other.Config.MetricNameValidationScheme
        && Config.MetricRelabelConfigs.Equals(other.Config.MetricRelabelConfigs)
        && Config.Limits.Labels == other.Config.Limits.Labels
        && Config.Limits.LabelNameLength == other.Config.Limits.LabelNameLength
        && Config.Limits.LabelValueLength == other.Config.Limits.LabelValueLength;

    private static Exposition.ScrapeProtocol Translate(Configuration.ScrapeProtocol protocol) => protocol switch
    {
        Configuration.ScrapeProtocol.PrometheusText004 => Exposition.ScrapeProtocol.Text004,
        Configuration.ScrapeProtocol.PrometheusText100 => Exposition.ScrapeProtocol.Text100,
        Configuration.ScrapeProtocol.OpenMetricsText001 => Exposition.ScrapeProtocol.OpenMetrics001,
        Configuration.ScrapeProtocol.OpenMetricsText100 => Exposition.ScrapeProtocol.OpenMetrics100,
        _ => Exposition.ScrapeProtocol.Protobuf,
    };
}

/// <summary>A scrape failed in an ordinary way. The message is shown to users as the target's last error.</summary>
internal sealed class ScrapeException(string message) : Exception(message);
