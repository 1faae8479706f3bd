using Narthex.Configuration.Printing;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration;

/// <summary>Prints a configuration as <c>/api/v1/status/config</c> shows it: defaults filled in, secrets hidden, keys in upstream's order.</summary>
public static class ConfigPrinter
{
    /// <summary>The configuration as YAML. It loads again, except that the secrets are lost.</summary>
    public static string Print(PrometheusConfig config) => YamlEmitter.Emit(new TreeBuilder()
        .Add("global", ScrapeTree.Global(config.Global, config.IsGlobalGiven))
        .Section("runtime", new TreeBuilder().NumberIf("gogc", config.Runtime.GoGc).ToMapping())
        .Section("alerting", ScrapeTree.Alerting(config.Alerting))
        .TextsIf("rule_files", config.RuleFiles)
        .TextsIf("scrape_config_files", config.ScrapeConfigFiles)
        .SectionsIf("scrape_configs", config.ScrapeConfigs.Take(config.OwnScrapeConfigCount).Select(ScrapeTree.Scrape))
        .Section("storage", RemoteTree.Storage(config.Storage))
        .AddIf(config.Tracing is not null, "tracing", config.Tracing is { } tracing ? RemoteTree.Tracing(tracing) : new ConfigMapping([]))
        .SectionsIf("remote_write", config.RemoteWrite.Select(RemoteTree.Write))
        .SectionsIf("remote_read", config.RemoteRead.Select(RemoteTree.Read))
        .Add("otlp", RemoteTree.Otlp(config.Otlp))
        .ToMapping());
}
