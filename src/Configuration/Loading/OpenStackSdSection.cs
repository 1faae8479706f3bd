using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads <c>openstack_sd_configs</c>.</summary>
internal static class OpenStackSdSection
{
    public static OpenStackSdConfig Read(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "openstack.plain", context);
        var config = new OpenStackSdConfig
        {
            IdentityEndpoint = section.Text("identity_endpoint"),
            Username = section.Text("username"),
            UserId = section.Text("userid"),
            Password = section.Secret("password"),
            ProjectName = section.Text("project_name"),
            ProjectId = section.Text("project_id"),
            DomainName = section.Text("domain_name"),
            DomainId = section.Text("domain_id"),
            ApplicationCredentialName = section.Text("application_credential_name"),
            ApplicationCredentialId = section.Text("application_credential_id"),
            ApplicationCredentialSecret = section.Secret("application_credential_secret"),
            Role = section.Text("role"),
            Region = section.Text("region"),
            RefreshInterval = section.Duration("refresh_interval", TimeSpan.FromMinutes(1)),
            Port = section.Integer("port", 80),
            AllTenants = section.Flag("all_tenants"),
            Availability = section.Text("availability", "public"),
            Tls = HttpClientSection.ReadTls(section.Take("tls_config"), context),
        };
        section.Finish();
        section.Require(
            config.Role is "" or "hypervisor" or "instance" or "loadbalancer", $"unknown OpenStack SD role {GoQuote.Quote(config.Role)}");
        section.Require(
            config.Availability is "public" or "internal" or "admin",
            $"unknown availability {config.Availability}, must be one of admin, internal or public");
        section.Require(config.Role.Length > 0, "role missing (one of: instance, hypervisor, loadbalancer)");
        section.Require(config.Region.Length > 0, "openstack SD configuration requires a region");
        return config;
    }
}
