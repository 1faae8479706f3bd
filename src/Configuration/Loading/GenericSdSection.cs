using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads settings that are kept as they were written: known keys only, paths resolved, secrets marked.</summary>
internal static class GenericSdSection
{
    private static readonly string[] s_httpKeys =
    [
        "basic_auth", "authorization", "oauth2", "bearer_token", "bearer_token_file", "tls_config", "follow_redirects", "enable_http2",
        "proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header", "http_headers",
    ];

    public static SdConfig Read(SdKind kind, YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, PackageOf(kind.Name) + ".plain", context);
        foreach (string key in kind.Keys)
        {
            section.Take(key);
        }

        HttpClientConfig? http = null;
        if (kind.HasHttpClient)
        {
            http = HttpClientSection.Take(section);
        }
        else if (kind.Keys.Contains("tls_config"))
        {
            HttpClientSection.ReadTls(section.Take("tls_config"), context);
        }

        section.Finish();
        if (node is YamlMapping)
        {
            GenericSdRules.Check(kind, section, http);
        }

        if (kind.Name == "kubernetes" && node is YamlMapping)
        {
            return KubernetesSdSection.Read(section, http!, ToTree(node, "", context));
        }

        return new GenericSdConfig { KindName = kind.Name, Settings = ToTree(node, "", context) };
    }

    /// <summary>Keeps any settings as they were written.</summary>
    public static ConfigTree ToTree(YamlNode node, string key, LoadContext context)
    {
        switch (node)
        {
            case YamlMapping mapping:
                return new ConfigMapping(mapping.Entries
                    .Select(entry => (Name: SectionReader.ToText(entry.Key, context), entry.Value))
                    .Select(entry => new ConfigEntry(entry.Name, ToTree(entry.Value, SdKinds.IsSecret(key) ? key : entry.Name, context)))
                    .ToEquatableList());
            case YamlSequence sequence:
                return new ConfigSequence(sequence.Items.Select(item => ToTree(item, key, context)).ToEquatableList());
            default:
                var scalar = (YamlScalar)node;
                return scalar.IsNull ? new ConfigScalar(null, false)
                    : SdKinds.IsSecret(key) ? new ConfigSecret(new Secret(scalar.Text))
                    : key.EndsWith("_file", StringComparison.Ordinal) ? new ConfigScalar(context.Resolve(scalar.Text), true)
                    : new ConfigScalar(scalar.Text, scalar.Kind is YamlScalarKind.Text or YamlScalarKind.Timestamp);
        }
    }

    // The name that upstream's messages carry.
    private static string PackageOf(string kind) => kind switch
    {
        "ec2" or "lightsail" => "aws",
        "kuma" => "xds",
        "nerve" or "serverset" => "zookeeper",
        _ => kind,
    };
}
