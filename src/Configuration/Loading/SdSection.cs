using System.Text.RegularExpressions;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads service discovery configurations of every kind.</summary>
internal static partial class SdSection
{
    /// <summary>Takes all <c>*_sd_configs</c> and <c>static_configs</c>, in the order of their keys.</summary>
    public static EquatableList<SdConfig> TakeAll(SectionReader section)
    {
        var kinds = new SortedDictionary<string, Func<YamlNode, LoadContext, SdConfig>>(StringComparer.Ordinal)
        {
            ["consul_sd_configs"] = ConsulSdSection.Read,
            ["dns_sd_configs"] = DnsSdSection.Read,
            ["docker_sd_configs"] = DockerSdSection.Read,
            ["dockerswarm_sd_configs"] = DockerSdSection.ReadSwarm,
            ["file_sd_configs"] = ReadFile,
            ["http_sd_configs"] = ReadHttp,
            ["openstack_sd_configs"] = OpenStackSdSection.Read,
            ["static_configs"] = ReadStatic,
        };
        foreach (SdKind kind in SdKinds.Generic)
        {
            kinds.Add(kind.Key, (node, context) => GenericSdSection.Read(kind, node, context));
        }

        var configs = new List<SdConfig>();
        foreach ((string key, Func<YamlNode, LoadContext, SdConfig> read) in kinds)
        {
            if (section.Has(key))
            {
                configs.AddRange(section.List(key, "[]*" + TypeOf(key), (node, context) =>
                    node is YamlScalar { IsNull: true } ? throw new ConfigurationException($"empty or null section in {key}") : read(node, context)));
            }
            else
            {
                section.Take(key);
            }
        }

        return configs.ToEquatableList();
    }

    // The type that upstream's messages name.
    private static string TypeOf(string key) => key[..key.IndexOf('_', StringComparison.Ordinal)] switch
    {
        "static" => "targetgroup.Group",
        "docker" => "moby.DockerSDConfig",
        "dockerswarm" => "moby.DockerSwarmSDConfig",
        "ec2" => "aws.EC2SDConfig",
        "lightsail" => "aws.LightsailSDConfig",
        "kuma" => "xds.SDConfig",
        "nerve" => "zookeeper.NerveSDConfig",
        "serverset" => "zookeeper.ServersetSDConfig",
        string package => package + ".SDConfig",
    };

    /// <summary>Reads one target group of a configuration or of a file.</summary>
    public static StaticSdConfig ReadStatic(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(
            node, "struct { Targets []string \"yaml:\\\"targets\\\"\"; Labels model.LabelSet \"yaml:\\\"labels\\\"\" }", context);
        var group = new StaticSdConfig { Targets = section.Texts("targets"), Labels = section.Labels("labels", "model.LabelSet") };
        section.Finish();
        return group;
    }

    private static FileSdConfig ReadFile(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "file.plain", context);
        EquatableList<string> files = section.Texts("files");
        TimeSpan interval = section.Duration("refresh_interval", TimeSpan.FromMinutes(5));
        section.Finish();
        section.Require(files.Count > 0, "file service discovery config must contain at least one path name");
        foreach (string file in files)
        {
            section.Require(FilePattern().IsMatch(file), $"path name {GoQuote.Quote(file)} is not valid for file discovery");
        }

        return new FileSdConfig { Files = files.Select(context.Resolve).ToEquatableList(), RefreshInterval = interval };
    }

    private static HttpSdConfig ReadHttp(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "http.plain", context);
        var config = new HttpSdConfig
        {
            Url = section.Text("url"),
            RefreshInterval = section.Duration("refresh_interval", TimeSpan.FromMinutes(1)),
            HttpClient = HttpClientSection.Take(section),
        };
        section.Finish();
        section.Require(config.Url.Length > 0, "URL is missing");
        UrlText.Check(config.Url);
        section.Require(UrlText.SchemeOf(config.Url) is "http" or "https", "URL scheme must be 'http' or 'https'");
        section.Require(UrlText.HostOf(config.Url).Length > 0, "host is missing in URL");
        return config;
    }

    // A wildcard in the last element only, and a name that says which format the file has.
    [GeneratedRegex(@"^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)\z")]
    private static partial Regex FilePattern();
}
