using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>alerting</c>.</summary>
internal static class AlertingSection
{
    public static AlertingConfig Read(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        EquatableList<RelabelConfig> rules = RelabelSection.Take(section, "alert_relabel_configs", "empty or null alert relabeling rule");
        EquatableList<AlertmanagerConfig> alertmanagers = section.List("alertmanagers", "config.AlertmanagerConfigs", ReadAlertmanager);
        section.Finish();
        return new AlertingConfig { AlertRelabelConfigs = rules, Alertmanagers = alertmanagers };
    }

    /// <summary>Checks the relabelling rules, once it is known which names are accepted.</summary>
    public static AlertingConfig Complete(AlertingConfig config, NameValidationScheme scheme) => config with
    {
        AlertRelabelConfigs = RelabelSection.Check(config.AlertRelabelConfigs, scheme),
        Alertmanagers = config.Alertmanagers.Select(alertmanager => alertmanager with
        {
            RelabelConfigs = RelabelSection.Check(alertmanager.RelabelConfigs, scheme),
            AlertRelabelConfigs = RelabelSection.Check(alertmanager.AlertRelabelConfigs, scheme),
        }).ToEquatableList(),
    };

    public static SigV4Config? TakeSigV4(SectionReader parent)
    {
        if (parent.Take("sigv4") is not { } node || node is YamlScalar { IsNull: true })
        {
            return null;
        }

        var section = new SectionReader(node, "sigv4.plain", parent.Context);
        var sigv4 = new SigV4Config
        {
            Region = section.Text("region"),
            AccessKey = section.Text("access_key"),
            SecretKey = section.Secret("secret_key"),
            Profile = section.Text("profile"),
            RoleArn = section.Text("role_arn"),
            ExternalId = section.Text("external_id"),
            UseFipsStsEndpoint = section.Flag("use_fips_sts_endpoint"),
        };
        section.Finish();
        section.Require(
            sigv4.AccessKey.Length == 0 == sigv4.SecretKey.IsEmpty, "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the SigV4 config");
        return sigv4;
    }

    private static AlertmanagerConfig ReadAlertmanager(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "config.AlertmanagerConfig", context);
        var config = new AlertmanagerConfig
        {
            HttpClient = HttpClientSection.Take(section),
            SigV4 = TakeSigV4(section),
            ServiceDiscovery = SdSection.TakeAll(section),
            Scheme = section.Text("scheme", "http"),
            PathPrefix = section.Text("path_prefix"),
            Timeout = section.Duration("timeout", TimeSpan.FromSeconds(10)),
            ApiVersion = section.Text("api_version", "v2"),
            RelabelConfigs = RelabelSection.Take(section, "relabel_configs", "empty or null Alertmanager target relabeling rule"),
            AlertRelabelConfigs = RelabelSection.Take(section, "alert_relabel_configs", "empty or null Alertmanager alert relabeling rule"),
        };
        section.Finish();
        section.Require(config.ApiVersion == "v2", $"expected Alertmanager api version to be one of [v2] but got {config.ApiVersion}");
        section.Require(
            config.SigV4 is null || (config.HttpClient.BasicAuth is null && config.HttpClient.Authorization is null && config.HttpClient.OAuth2 is null),
            "at most one of basic_auth, authorization, oauth2, & sigv4 must be configured");
        ScrapeSection.CheckTargets(config.ServiceDiscovery, section);
        return config;
    }
}
