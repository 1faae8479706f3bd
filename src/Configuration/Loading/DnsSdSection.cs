using Narthex.Configuration.Yaml;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>dns_sd_configs</c>.</summary>
internal static class DnsSdSection
{
    public static DnsSdConfig Read(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "dns.plain", context);
        var config = new DnsSdConfig
        {
            Names = section.Texts("names"),
            RefreshInterval = section.Duration("refresh_interval", TimeSpan.FromSeconds(30)),
            Type = section.Text("type", "SRV"),
            Port = section.Integer("port", 0),
        };
        section.Finish();

        string type = config.Type.ToUpperInvariant();
        section.Require(config.Names.Count > 0, "DNS-SD config must contain at least one SRV record name");
        section.Require(type is "SRV" or "A" or "AAAA" or "MX" or "NS", $"invalid DNS-SD records type {config.Type}");
        section.Require(type is "SRV" || config.Port != 0, "a port is required in DNS-SD configs for all record types except SRV");
        return config;
    }
}
