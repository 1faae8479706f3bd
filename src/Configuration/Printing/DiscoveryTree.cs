using Narthex.Configuration.Loading;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Printing;

/// <summary>The keys of service discovery mechanisms, each in upstream's order.</summary>
internal static class DiscoveryTree
{
    public static ConfigMapping Dns(DnsSdConfig dns) => new TreeBuilder()
        .Texts("names", dns.Names)
        .DurationIf("refresh_interval", dns.RefreshInterval)
        .Text("type", dns.Type)
        .Number("port", dns.Port)
        .ToMapping();

    public static ConfigMapping Consul(ConsulSdConfig consul) => new TreeBuilder()
        .TextIf("server", consul.Server)
        .TextIf("path_prefix", consul.PathPrefix)
        .SecretIf("token", consul.Token)
        .TextIf("datacenter", consul.Datacenter)
        .TextIf("namespace", consul.Namespace)
        .TextIf("partition", consul.Partition)
        .TextIf("tag_separator", consul.TagSeparator)
        .TextIf("scheme", consul.Scheme)
        .TextIf("username", consul.Username)
        .SecretIf("password", consul.Password)
        .Flag("allow_stale", consul.AllowStale)
        .DurationIf("refresh_interval", consul.RefreshInterval)
        .TextsIf("services", consul.Services)
        .TextsIf("tags", consul.Tags)
        .TextMapIf("node_meta", consul.NodeMeta)
        .TextIf("filter", consul.Filter)
        .TextIf("health_filter", consul.HealthFilter)
        .AddHttpClient(consul.HttpClient)
        .ToMapping();

    public static ConfigMapping Docker(DockerSdConfig docker) => new TreeBuilder()
        .AddHttpClient(docker.HttpClient)
        .Text("host", UrlText.Redact(docker.Host))
        .Number("port", docker.Port)
        .Add("filters", Filters(docker.Filters))
        .Text("host_networking_host", docker.HostNetworkingHost)
        .Duration("refresh_interval", docker.RefreshInterval)
        .Flag("match_first_network", docker.MatchFirstNetwork)
        .ToMapping();

    public static ConfigMapping DockerSwarm(DockerSwarmSdConfig swarm) => new TreeBuilder()
        .AddHttpClient(swarm.HttpClient)
        .Text("host", UrlText.Redact(swarm.Host))
        .Text("role", swarm.Role)
        .Number("port", swarm.Port)
        .Add("filters", Filters(swarm.Filters))
        .Duration("refresh_interval", swarm.RefreshInterval)
        .ToMapping();

    public static ConfigMapping OpenStack(OpenStackSdConfig openStack) => new TreeBuilder()
        .Text("identity_endpoint", openStack.IdentityEndpoint)
        .Text("username", openStack.Username)
        .Text("userid", openStack.UserId)
        .Add("password", Secret(openStack.Password))
        .Text("project_name", openStack.ProjectName)
        .Text("project_id", openStack.ProjectId)
        .Text("domain_name", openStack.DomainName)
        .Text("domain_id", openStack.DomainId)
        .Text("application_credential_name", openStack.ApplicationCredentialName)
        .Text("application_credential_id", openStack.ApplicationCredentialId)
        .Add("application_credential_secret", Secret(openStack.ApplicationCredentialSecret))
        .Text("role", openStack.Role)
        .Text("region", openStack.Region)
        .Duration("refresh_interval", openStack.RefreshInterval)
        .Number("port", openStack.Port)
        .FlagIf("all_tenants", openStack.AllTenants)
        .AddTls(openStack.Tls)
        .TextIf("availability", openStack.Availability)
        .ToMapping();

    // One that is not set is printed as null.
    private static ConfigTree Secret(Secret secret) => secret.IsEmpty ? new ConfigScalar(null, false) : new ConfigSecret(secret);

    private static ConfigSequence Filters(EquatableList<DockerFilter> filters) => new(filters
        .Select(filter => (ConfigTree)new TreeBuilder().Text("name", filter.Name).Texts("values", filter.Values).ToMapping())
        .ToEquatableList());
}
