using System.Globalization;
using Narthex.Exposition;
using Narthex.Configuration.Loading;
using Narthex.Model;

namespace Narthex.Configuration.Printing;

/// <summary><c>global</c>, <c>scrape_configs</c> and <c>alerting</c>.</summary>
internal static class ScrapeTree
{
    public static ConfigMapping Global(GlobalConfig global, bool isGiven) => new TreeBuilder()
        .Duration("scrape_interval", global.ScrapeInterval)
        .Duration("scrape_timeout", global.ScrapeTimeout)
        .Texts("scrape_protocols", global.ScrapeProtocols.Select(protocol => protocol.ToConfigText()))
        .Duration("evaluation_interval", global.EvaluationInterval)
        .DurationIf("rule_query_offset", global.RuleQueryOffset)
        .TextIf("query_log_file", global.QueryLogFile)
        .TextIf("scrape_failure_log_file", global.ScrapeFailureLogFile)
        .TextMapIf("external_labels", global.ExternalLabels.ToPairs())
        .AddLimits(global.Limits)
        .NumberIf("keep_dropped_targets", global.Limits.KeepDroppedTargets)
        .TextIf("metric_name_validation_scheme", global.MetricNameValidationScheme == NameValidationScheme.Legacy ? "legacy" : isGiven ? "" : "utf8")
        .TextIf("metric_name_escaping_scheme", isGiven && global.MetricNameEscapingScheme == NameSchemes.Infer(global.MetricNameValidationScheme) ? "" : global.MetricNameEscapingScheme.ToConfigText())
        .FlagIf("scrape_native_histograms", global.ScrapeNativeHistograms)
        .FlagIf("convert_classic_histograms_to_nhcb", global.ConvertClassicHistogramsToNhcb)
        .FlagIf("always_scrape_classic_histograms", global.AlwaysScrapeClassicHistograms)
        .FlagIf("extra_scrape_metrics", global.ExtraScrapeMetrics)
        .ToMapping();

    public static ConfigMapping Scrape(ScrapeConfig job) => new TreeBuilder()
        .Text("job_name", job.JobName)
        .FlagIf("honor_labels", job.HonorLabels)
        .Flag("honor_timestamps", job.HonorTimestamps)
        .Flag("track_timestamps_staleness", job.TrackTimestampsStaleness)
        .Section("params", new ConfigMapping(job.Params.Select(param => new ConfigEntry(param.Key, TreeBuilder.Sequence(param.Value))).ToEquatableList()))
        .Duration("scrape_interval", job.ScrapeInterval)
        .Duration("scrape_timeout", job.ScrapeTimeout)
        .Texts("scrape_protocols", job.ScrapeProtocols.Select(protocol => protocol.ToConfigText()))
        .TextIf("fallback_scrape_protocol", job.FallbackScrapeProtocol?.ToConfigText() ?? "")
        .Flag("scrape_native_histograms", job.ScrapeNativeHistograms)
        .Flag("always_scrape_classic_histograms", job.AlwaysScrapeClassicHistograms)
        .Flag("convert_classic_histograms_to_nhcb", job.ConvertClassicHistogramsToNhcb)
        .Flag("extra_scrape_metrics", job.ExtraScrapeMetrics)
        .TextIf("scrape_failure_log_file", job.ScrapeFailureLogFile)
        .TextIf("metrics_path", job.MetricsPath)
        .TextIf("scheme", job.Scheme)
        .Flag("enable_compression", job.EnableCompression)
        .AddLimits(job.Limits)
        .NumberIf("native_histogram_bucket_limit", job.NativeHistogramBucketLimit)
        .FractionIf("native_histogram_min_bucket_factor", job.NativeHistogramMinBucketFactor)
        .NumberIf("keep_dropped_targets", job.Limits.KeepDroppedTargets)
        .Text("metric_name_validation_scheme", job.MetricNameValidationScheme == NameValidationScheme.Legacy ? "legacy" : "utf8")
        .Text("metric_name_escaping_scheme", job.MetricNameEscapingScheme.ToConfigText())
        .AddHttpClient(job.HttpClient)
        .SectionsIf("relabel_configs", job.RelabelConfigs.Select(Relabel))
        .SectionsIf("metric_relabel_configs", job.MetricRelabelConfigs.Select(Relabel))
        .AddServiceDiscovery(job.ServiceDiscovery)
        .ToMapping();

    public static ConfigMapping Alerting(AlertingConfig alerting) => new TreeBuilder()
        .SectionsIf("alert_relabel_configs", alerting.AlertRelabelConfigs.Select(Relabel))
        .SectionsIf("alertmanagers", alerting.Alertmanagers.Select(Alertmanager))
        .ToMapping();

    public static ConfigMapping Relabel(RelabelConfig rule) => new TreeBuilder()
        .TextsIf("source_labels", rule.SourceLabels, isFlow: true)
        .TextIf("separator", rule.Separator)
        .AddIf(!rule.Regex.Equals(RelabelRegex.Default), "regex", new ConfigScalar(rule.Regex.Pattern, true))
        .AddIf(rule.Modulus != 0, "modulus", new ConfigScalar(rule.Modulus.ToString(CultureInfo.InvariantCulture), false))
        .TextIf("target_label", rule.TargetLabel)
        .TextIf("replacement", rule.Replacement)
        .Text("action", rule.Action.ToConfigText())
        .ToMapping();

    public static ConfigMapping SigV4(SigV4Config sigv4) => new TreeBuilder()
        .TextIf("region", sigv4.Region).TextIf("access_key", sigv4.AccessKey).SecretIf("secret_key", sigv4.SecretKey)
        .TextIf("profile", sigv4.Profile).TextIf("role_arn", sigv4.RoleArn).TextIf("external_id", sigv4.ExternalId)
        .FlagIf("use_fips_sts_endpoint", sigv4.UseFipsStsEndpoint)
        .ToMapping();

    private static ConfigMapping Alertmanager(AlertmanagerConfig alertmanager) => new TreeBuilder()
        .AddHttpClient(alertmanager.HttpClient)
        .AddIf(alertmanager.SigV4 is not null, "sigv4", SigV4(alertmanager.SigV4 ?? new SigV4Config()))
        .TextIf("scheme", alertmanager.Scheme)
        .TextIf("path_prefix", alertmanager.PathPrefix)
        .Duration("timeout", alertmanager.Timeout)
        .Text("api_version", alertmanager.ApiVersion)
        .SectionsIf("relabel_configs", alertmanager.RelabelConfigs.Select(Relabel))
        .SectionsIf("alert_relabel_configs", alertmanager.AlertRelabelConfigs.Select(Relabel))
        .AddServiceDiscovery(alertmanager.ServiceDiscovery)
        .ToMapping();

    private static TreeBuilder AddLimits(this TreeBuilder tree, ScrapeLimits limits) => tree
        .BytesIf("body_size_limit", limits.BodySizeBytes)
        .NumberIf("sample_limit", limits.Samples)
        .NumberIf("target_limit", limits.Targets)
        .NumberIf("label_limit", limits.Labels)
        .NumberIf("label_name_length_limit", limits.LabelNameLength)
        .NumberIf("label_value_length_limit", limits.LabelValueLength);

    private static TreeBuilder AddServiceDiscovery(this TreeBuilder tree, EquatableList<SdConfig> configs)
    {
        foreach (IGrouping<string, SdConfig> kind in configs.GroupBy(config => config.Kind))
        {
            string key = kind.Key == "static" ? "static_configs" : kind.Key + "_sd_configs";
            tree.SectionsIf(key, kind.Select(Discovery));
        }

        return tree;
    }

    private static ConfigTree Discovery(SdConfig config) => config switch
    {
        StaticSdConfig group => new TreeBuilder().Texts("targets", group.Targets).TextMapIf("labels", group.Labels.ToPairs()).ToMapping(),
        FileSdConfig file => new TreeBuilder().Texts("files", file.Files).Duration("refresh_interval", file.RefreshInterval).ToMapping(),
        HttpSdConfig http => new TreeBuilder().AddHttpClient(http.HttpClient)
            .Duration("refresh_interval", http.RefreshInterval).Text("url", UrlText.Redact(http.Url)).ToMapping(),
        DnsSdConfig dns => DiscoveryTree.Dns(dns),
        ConsulSdConfig consul => DiscoveryTree.Consul(consul),
        DockerSdConfig docker => DiscoveryTree.Docker(docker),
        OpenStackSdConfig openStack => DiscoveryTree.OpenStack(openStack),
        DockerSwarmSdConfig swarm => DiscoveryTree.DockerSwarm(swarm),
        KubernetesSdConfig kubernetes => kubernetes.Settings,
        GenericSdConfig generic => generic.Settings,
        _ => throw new ArgumentException($"There is no form for {config.Kind}.", nameof(config)),
    };
}
