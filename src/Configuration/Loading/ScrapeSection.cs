using Narthex.Exposition;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads one of <c>scrape_configs</c>; <see cref="Complete"/> fills in what <c>global</c> says, which may stand further down.</summary>
internal sealed class ScrapeSection
{
    private readonly SectionReader _section;
    private readonly ScrapeConfig _read;
    private readonly EquatableList<string> _protocols;
    private readonly string _fallback;
    private readonly string _validation;
    private readonly string _escaping;
    private readonly bool? _native;
    private readonly bool? _classic;
    private readonly bool? _convert;
    private readonly bool? _extra;

    public ScrapeSection(YamlNode node, LoadContext context)
    {
        SectionReader section = _section = new SectionReader(node, "config.ScrapeConfig", context);
        _protocols = section.Texts("scrape_protocols", "[]config.ScrapeProtocol");
        _fallback = section.Text("fallback_scrape_protocol");
        _validation = section.Text("metric_name_validation_scheme");
        _escaping = section.Text("metric_name_escaping_scheme");
        _native = section.OptionalFlag("scrape_native_histograms");
        _classic = section.OptionalFlag("always_scrape_classic_histograms");
        _convert = section.OptionalFlag("convert_classic_histograms_to_nhcb");
        _extra = section.OptionalFlag("extra_scrape_metrics");
        _read = new ScrapeConfig
        {
            JobName = section.Text("job_name"),
            HonorLabels = section.Flag("honor_labels"),
            HonorTimestamps = section.Flag("honor_timestamps", true),
            TrackTimestampsStaleness = section.Flag("track_timestamps_staleness"),
            Params = section.Map("params", "url.Values", (item, load) => ReadTexts(item, load)),
            ScrapeInterval = section.Duration("scrape_interval"),
            ScrapeTimeout = section.Duration("scrape_timeout"),
            ScrapeFailureLogFile = section.FilePath("scrape_failure_log_file"),
            MetricsPath = section.Text("metrics_path", "/metrics"),
            Scheme = section.Text("scheme", "http"),
            EnableCompression = section.Flag("enable_compression", true),
            Limits = TakeLimits(section),
            NativeHistogramBucketLimit = section.Integer("native_histogram_bucket_limit", 0, "uint"),
            NativeHistogramMinBucketFactor = section.Number("native_histogram_min_bucket_factor"),
            HttpClient = HttpClientSection.Take(section),
            ServiceDiscovery = SdSection.TakeAll(section),
            RelabelConfigs = RelabelSection.Take(section, "relabel_configs", "empty or null target relabeling rule in scrape config"),
            MetricRelabelConfigs = RelabelSection.Take(section, "metric_relabel_configs", "empty or null metric relabeling rule in scrape config"),
        };
        section.Finish();
        section.Require(_read.JobName.Length > 0, "job_name is empty");
        CheckTargets(_read.ServiceDiscovery, section);
    }

    /// <summary>The limits that both <c>global</c> and scrape configurations have.</summary>
    public static ScrapeLimits TakeLimits(SectionReader section) => new()
    {
        BodySizeBytes = section.Bytes("body_size_limit"),
        Samples = section.Integer("sample_limit", 0, "uint"),
        Targets = section.Integer("target_limit", 0, "uint"),
        Labels = section.Integer("label_limit", 0, "uint"),
        LabelNameLength = section.Integer("label_name_length_limit", 0, "uint"),
        LabelValueLength = section.Integer("label_value_length_limit", 0, "uint"),
        KeepDroppedTargets = section.Integer("keep_dropped_targets", 0, "uint"),
    };

    /// <summary>A target is host and port, not a URL: a slash shows that someone took it for one.</summary>
    public static void CheckTargets(EquatableList<SdConfig> configs, SectionReader section)
    {
        foreach (string target in configs.OfType<StaticSdConfig>().SelectMany(config => config.Targets))
        {
            section.Require(!target.Contains('/', StringComparison.Ordinal), $"{GoQuote.Quote(target)} is not a valid hostname");
        }
    }

    public ScrapeConfig Complete(GlobalSection globalSection)
    {
        GlobalConfig global = globalSection.Config;
        string where = $" for scrape config with job name {GoQuote.Quote(_read.JobName)}";
        TimeSpan interval = _read.ScrapeInterval == TimeSpan.Zero ? global.ScrapeInterval : _read.ScrapeInterval;
        _section.Require(_read.ScrapeTimeout <= interval, "scrape timeout greater than scrape interval" + where);
        bool native = _native ?? global.ScrapeNativeHistograms;
        ScrapeProtocol? fallback = null;
        if (_fallback.Length > 0)
        {
            _section.Require(ScrapeProtocolList.TryParse(_fallback, out ScrapeProtocol parsed), $"invalid fallback_scrape_protocol{where}: {ScrapeProtocolList.Unknown(_fallback)}");
            fallback = parsed;
        }

        NameValidationScheme scheme = NameSchemes.ParseValidation(_validation, _section) ?? global.MetricNameValidationScheme;
        NameEscapingScheme escaping = CompleteEscaping(globalSection, scheme);
        return _read with
        {
            ScrapeInterval = interval,
            ScrapeTimeout = _read.ScrapeTimeout != TimeSpan.Zero ? _read.ScrapeTimeout
                : global.ScrapeTimeout > interval ? interval : global.ScrapeTimeout,
            ScrapeProtocols = _protocols.Count > 0 ? ScrapeProtocolList.Parse(_protocols, _section, where)
                : globalSection.HasProtocols ? global.ScrapeProtocols : ScrapeProtocolList.Default(native || globalSection.PrefersProtobuf),
            FallbackScrapeProtocol = fallback,
            ScrapeNativeHistograms = native,
            AlwaysScrapeClassicHistograms = _classic ?? global.AlwaysScrapeClassicHistograms,
            ConvertClassicHistogramsToNhcb = _convert ?? global.ConvertClassicHistogramsToNhcb,
            ExtraScrapeMetrics = _extra ?? global.ExtraScrapeMetrics,
            ScrapeFailureLogFile = _read.ScrapeFailureLogFile.Length > 0 ? _read.ScrapeFailureLogFile : global.ScrapeFailureLogFile,
            Limits = CompleteLimits(_read.Limits, global.Limits),
            MetricNameValidationScheme = scheme,
            MetricNameEscapingScheme = escaping,
            RelabelConfigs = RelabelSection.Check(_read.RelabelConfigs, scheme),
            MetricRelabelConfigs = RelabelSection.Check(_read.MetricRelabelConfigs, scheme),
        };
    }

    private NameEscapingScheme CompleteEscaping(GlobalSection global, NameValidationScheme scheme)
    {
        NameEscapingScheme? own = NameSchemes.ParseEscaping(_escaping, _section);
        NameEscapingScheme escaping = own ?? global.Escaping ?? NameSchemes.Infer(scheme);
        if (own is null && scheme == NameValidationScheme.Legacy && escaping == NameEscapingScheme.AllowUtf8)
        {
            return NameEscapingScheme.Underscores;
        }

        NameSchemes.RequireFit(scheme, escaping, _section);
        return escaping;
    }

    private static ScrapeLimits CompleteLimits(ScrapeLimits own, ScrapeLimits global) => new()
    {
        BodySizeBytes = OrGlobal(own.BodySizeBytes, global.BodySizeBytes),
        Samples = OrGlobal(own.Samples, global.Samples),
        Targets = OrGlobal(own.Targets, global.Targets),
        Labels = OrGlobal(own.Labels, global.Labels),
        LabelNameLength = OrGlobal(own.LabelNameLength, global.LabelNameLength),
        LabelValueLength = OrGlobal(own.LabelValueLength, global.LabelValueLength),
        KeepDroppedTargets = OrGlobal(own.KeepDroppedTargets, global.KeepDroppedTargets),
    };

    private static long OrGlobal(long own, long global) => own == 0 ? global : own;

    private static EquatableList<string> ReadTexts(YamlNode node, LoadContext context)
    {
        if (node is YamlSequence sequence)
        {
            return sequence.Items.Select(item => SectionReader.ToText(item, context)).ToEquatableList();
        }

        context.AddWrongKind(node, "[]string");
        return [];
    }
}
