using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>docker_sd_configs</c> and <c>dockerswarm_sd_configs</c>.</summary>
internal static class DockerSdSection
{
    public static DockerSdConfig Read(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "moby.plain", context);
        var config = new DockerSdConfig
        {
            Host = section.Text("host"),
            Port = section.Integer("port", 80),
            Filters = Filters(section),
            HostNetworkingHost = section.Text("host_networking_host", "localhost"),
            RefreshInterval = section.Duration("refresh_interval", TimeSpan.FromMinutes(1)),
            MatchFirstNetwork = section.Flag("match_first_network", fallback: true),
            HttpClient = HttpClientSection.Take(section),
        };
        section.Finish();
        CheckHost(section, config.Host);
        return config;
    }

    public static DockerSwarmSdConfig ReadSwarm(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "moby.plain", context);
        var config = new DockerSwarmSdConfig
        {
            Host = section.Text("host"),
            Role = section.Text("role"),
            Port = section.Integer("port", 80),
            Filters = Filters(section),
            RefreshInterval = section.Duration("refresh_interval", TimeSpan.FromMinutes(1)),
            HttpClient = HttpClientSection.Take(section),
        };
        section.Finish();
        CheckHost(section, config.Host);
        section.Require(config.Role.Length > 0, "role missing (one of: tasks, services, nodes)");
        section.Require(
            config.Role is "tasks" or "services" or "nodes", $"invalid role {config.Role}, expected tasks, services, or nodes");
        return config;
    }

    private static void CheckHost(SectionReader section, string host)
    {
        section.Require(host.Length > 0, "host missing");
        UrlText.Check(host);
    }

    private static EquatableList<DockerFilter> Filters(SectionReader section) => section.List("filters", "[]moby.Filter", (node, context) =>
    {
        var filter = new SectionReader(node, "moby.Filter", context);
        var result = new DockerFilter { Name = filter.Text("name"), Values = filter.Texts("values") };
        filter.Finish();
        return result;
    });
}
