using System.Globalization;
using Narthex.Configuration.Yaml;
using Narthex.HttpClients;

namespace Narthex.Configuration.Loading;

/// <summary>What settings of mechanisms that cannot run yet must hold, so that a wrong file is refused now and not when they can.</summary>
internal static class GenericSdRules
{
    public static void Check(SdKind kind, SectionReader section, HttpClientConfig? http)
    {
        switch (kind.Name)
        {
            case "azure":
                CheckAzure(section);
                break;
            case "digitalocean":
                OneOf(section, "role", "droplets", "databases", "");
                break;
            case "eureka":
                Needs(section, "server", "eureka SD: empty or null eureka server");
                NeedsHost(section, "server", "eureka SD: invalid eureka server URL");
                break;
            case "gce":
                Needs(section, "project", "GCE SD configuration requires a project");
                Needs(section, "zone", "GCE SD configuration requires a zone");
                break;
            case "hetzner":
                Needs(section, "role", "role missing (one of: robot, hcloud)");
                OneOf(section, "role", "robot", "hcloud");
                break;
            case "ionos":
                Needs(section, "datacenter_id", "datacenter id can't be empty");
                break;
            case "kubernetes":
                KubernetesRules.Check(section, http!);
                break;
            case "kuma":
                NeedsHost(section, "server", "kuma SD server must not be empty and have a scheme");
                break;
            case "marathon":
                CheckMarathon(section, http!);
                break;
            case "nerve" or "serverset":
                CheckZookeeper(section, kind.Name);
                break;
            case "nomad":
                section.Require(!section.Has("server") || section.Text("server").Trim().Length > 0, "nomad SD configuration requires a server address");
                break;
            case "oci":
                OneOf(section, "auth", "api_key", "instance_principal", "");
                break;
            case "outscale":
                CheckSecretPair(section, "outscale");
                break;
            case "ovhcloud":
                Needs(section, "endpoint", "endpoint can not be empty", defaultsToSomething: true);
                Needs(section, "application_key", "application key can not be empty");
                Needs(section, "application_secret", "application secret can not be empty");
                Needs(section, "consumer_key", "consumer key can not be empty");
                section.Require(section.Text("service") is "vps" or "dedicated_server", $"unknown service: {section.Text("service")}");
                break;
            case "puppetdb":
                Needs(section, "url", "URL is missing");
                section.Require(UrlText.SchemeOf(section.Text("url")) is "http" or "https", "URL scheme must be 'http' or 'https'");
                NeedsHost(section, "url", "host is missing in URL");
                Needs(section, "query", "query missing");
                break;
            case "scaleway":
                OneOf(section, "role", "instance", "baremetal");
                CheckSecretPair(section, "scaleway");
                Needs(section, "project_id", "project_id is mandatory");
                Needs(section, "access_key", "access_key is mandatory");
                break;
            case "stackit":
                section.Require(
                    section.Text("endpoint") is not { Length: > 0 } endpoint || Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? parsed) && parsed.Host.Length > 0,
                    $"stackit SD: invalid endpoint {section.Text("endpoint")}");
                break;
            case "triton":
                Needs(section, "account", "triton SD configuration requires an account");
                Needs(section, "dns_suffix", "triton SD configuration requires a dns_suffix");
                Needs(section, "endpoint", "triton SD configuration requires an endpoint");
                break;
            case "uyuni":
                Needs(section, "server", "uyuni SD: Uyuni SD configuration requires server host");
                Needs(section, "username", "uyuni SD: Uyuni SD configuration requires a username");
                Needs(section, "password", "uyuni SD: Uyuni SD configuration requires a password");
                break;
            default:
                break;
        }
    }

    private static void CheckAzure(SectionReader section)
    {
        string method = section.Text("authentication_method", "OAuth");
        OneOf(section, "authentication_method", "OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity", "");
        Needs(section, "subscription_id", "azure SD configuration requires a subscription_id");
        if (method == "OAuth")
        {
            Needs(section, "tenant_id", "azure SD configuration requires a tenant_id");
            Needs(section, "client_id", "azure SD configuration requires a client_id");
            Needs(section, "client_secret", "azure SD configuration requires a client_secret");
        }
    }

    private static void CheckMarathon(SectionReader section, HttpClientConfig http)
    {
        bool hasToken = section.Text("auth_token").Length > 0;
        bool hasTokenFile = section.Text("auth_token_file").Length > 0;
        section.Require(section.Texts("servers").Count > 0, "marathon_sd: must contain at least one Marathon server");
        section.Require(!(hasToken && hasTokenFile), "marathon_sd: at most one of auth_token & auth_token_file must be configured");
        section.Require(
            !(hasToken || hasTokenFile) || http.BasicAuth is null, "marathon_sd: at most one of basic_auth, auth_token & auth_token_file must be configured");
        section.Require(
            !(hasToken || hasTokenFile) || http.Authorization is null,
            "marathon_sd: at most one of auth_token, auth_token_file, authorization, bearer_token & bearer_token_file must be configured");
    }

    private static void CheckZookeeper(SectionReader section, string kind)
    {
        section.Require(section.Texts("servers").Count > 0, $"{kind} SD config must contain at least one Zookeeper server");
        CheckPaths(section, kind);
    }

    private static void CheckPaths(SectionReader section, string kind)
    {
        section.Require(section.Texts("paths").Count > 0, $"{kind} SD config must contain at least one path");
        foreach (string path in section.Texts("paths"))
        {
            section.Require(path.StartsWith('/'), $"{kind} SD config paths must begin with '/': {path}");
        }
    }

    private static void CheckSecretPair(SectionReader section, string kind)
    {
        bool hasKey = section.Text("secret_key").Length > 0;
        bool hasFile = section.Text("secret_key_file").Length > 0;
        section.Require(hasKey || hasFile, $"{kind} SD: one of secret_key & secret_key_file must be configured");
        section.Require(!(hasKey && hasFile), $"{kind} SD: at most one of secret_key & secret_key_file must be configured");
    }

    private static void Needs(SectionReader section, string key, string fault, bool defaultsToSomething = false) =>
        section.Require(defaultsToSomething && !section.Has(key) || section.Text(key).Length > 0, fault);

    private static void NeedsHost(SectionReader section, string key, string fault) =>
        section.Require(UrlText.HostOf(UrlText.Check(section.Text(key))).Length > 0, fault);

    private static void OneOf(SectionReader section, string key, params string[] known)
    {
        string value = section.Text(key);
        section.Require(
            known.Contains(value), string.Create(CultureInfo.InvariantCulture, $"unknown {key} {Model.GoQuote.Quote(value)}, must be one of: {string.Join(", ", known.Where(k => k.Length > 0))}"));
    }
}
