using Narthex.Configuration.Yaml;
using Narthex.HttpClients;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>consul_sd_configs</c>.</summary>
internal static class ConsulSdSection
{
    public static ConsulSdConfig Read(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "consul.plain", context);
        var config = new ConsulSdConfig
        {
            Server = section.Text("server", "localhost:8500"),
            PathPrefix = section.Text("path_prefix"),
            Token = section.Secret("token"),
            Datacenter = section.Text("datacenter"),
            Namespace = section.Text("namespace"),
            Partition = section.Text("partition"),
            TagSeparator = section.Text("tag_separator", ","),
            Scheme = section.Text("scheme", "http"),
            Username = section.Text("username"),
            Password = section.Secret("password"),
            AllowStale = section.Flag("allow_stale", fallback: true),
            RefreshInterval = section.Duration("refresh_interval", TimeSpan.FromSeconds(30)),
            Services = section.Texts("services"),
            Tags = section.Texts("tags"),
            NodeMeta = section.TextMap("node_meta"),
            Filter = section.Text("filter"),
            HealthFilter = section.Text("health_filter"),
            HttpClient = HttpClientSection.Take(section),
        };
        section.Finish();

        HttpClientConfig http = config.HttpClient;
        bool hasUser = config.Username.Length > 0 || !config.Password.IsEmpty;
        section.Require(config.Server.Trim().Length > 0, "consul SD configuration requires a server address");
        section.Require(
            !hasUser || http.BasicAuth is null,
            "at most one of consul SD configuration username and password and basic auth can be configured");
        section.Require(
            config.Token.IsEmpty || (http.Authorization is null && http.OAuth2 is null),
            "at most one of consul SD token, authorization, or oauth2 can be configured");
        return hasUser
            ? config with { HttpClient = http with { BasicAuth = new BasicAuthConfig { Username = config.Username, Password = config.Password } } }
            : config;
    }
}
