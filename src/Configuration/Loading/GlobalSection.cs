using Narthex.Exposition;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>global</c>.</summary>
/// <param name="Config">What it says, with defaults.</param>
/// <param name="HasProtocols">Whether it lists protocols itself.</param>
/// <param name="Escaping">The escaping scheme that it names itself.</param>
/// <param name="PrefersProtobuf">Whether protobuf comes first where nobody lists protocols.</param>
internal sealed record GlobalSection(GlobalConfig Config, bool HasProtocols, NameEscapingScheme? Escaping, bool PrefersProtobuf)
{
    public static GlobalSection Read(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        EquatableList<string> protocols = section.Texts("scrape_protocols", "[]config.ScrapeProtocol");
        Labels externalLabels = ExternalLabels.Read(section, context);
        string validation = section.Text("metric_name_validation_scheme");
        string escaping = section.Text("metric_name_escaping_scheme");
        GlobalConfig config = new()
        {
            ScrapeInterval = section.Duration("scrape_interval"),
            ScrapeTimeout = section.Duration("scrape_timeout"),
            EvaluationInterval = section.Duration("evaluation_interval"),
            RuleQueryOffset = section.Duration("rule_query_offset"),
            QueryLogFile = section.FilePath("query_log_file"),
            ScrapeFailureLogFile = section.FilePath("scrape_failure_log_file"),
            ExternalLabels = externalLabels,
            Limits = ScrapeSection.TakeLimits(section),
            ScrapeNativeHistograms = section.Flag("scrape_native_histograms"),
            ConvertClassicHistogramsToNhcb = section.Flag("convert_classic_histograms_to_nhcb"),
            AlwaysScrapeClassicHistograms = section.Flag("always_scrape_classic_histograms"),
            ExtraScrapeMetrics = section.Flag("extra_scrape_metrics", context.Options.ExtraScrapeMetrics),
        };
        section.Finish();

        TimeSpan interval = OrDefault(config.ScrapeInterval, TimeSpan.FromMinutes(1));
        section.Require(config.ScrapeTimeout <= interval, "global scrape timeout greater than scrape interval");
        TimeSpan defaultTimeout = TimeSpan.FromSeconds(10) > interval ? interval : TimeSpan.FromSeconds(10);
        NameValidationScheme scheme = NameSchemes.ParseValidation(validation, section) ?? NameValidationScheme.Utf8;
        NameEscapingScheme? ownEscaping = NameSchemes.ParseEscaping(escaping, section);
        config = config with
        {
            ScrapeInterval = interval,
            ScrapeTimeout = OrDefault(config.ScrapeTimeout, defaultTimeout),
            EvaluationInterval = OrDefault(config.EvaluationInterval, TimeSpan.FromMinutes(1)),
            ScrapeProtocols = protocols.Count > 0 ? ScrapeProtocolList.Parse(protocols, section, " for global config") : ScrapeProtocolList.Default(config.ScrapeNativeHistograms || context.Options.PrefersProtobuf),
            MetricNameValidationScheme = scheme,
            MetricNameEscapingScheme = ownEscaping ?? NameSchemes.Infer(scheme),
        };
        NameSchemes.RequireFit(scheme, config.MetricNameEscapingScheme, section);
        return new GlobalSection(config, protocols.Count > 0, ownEscaping, context.Options.PrefersProtobuf);
    }

    private static TimeSpan OrDefault(TimeSpan value, TimeSpan fallback) => value == TimeSpan.Zero ? fallback : value;
}
