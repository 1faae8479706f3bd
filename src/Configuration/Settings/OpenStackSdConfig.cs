using Narthex.HttpClients;

namespace Narthex.Configuration;

/// <summary>One of <c>openstack_sd_configs</c>.</summary>
public sealed record OpenStackSdConfig : SdConfig
{
    /// <inheritdoc/>
    public override string Kind => "openstack";

    /// <summary><c>identity_endpoint</c>: the address of Keystone; empty if the environment says everything about the login.</summary>
    public string IdentityEndpoint { get; init; } = "";

    /// <summary><c>username</c></summary>
    public string Username { get; init; } = "";

    /// <summary><c>userid</c></summary>
    public string UserId { get; init; } = "";

    /// <summary><c>password</c></summary>
    public Secret Password { get; init; }

    /// <summary><c>project_name</c></summary>
    public string ProjectName { get; init; } = "";

    /// <summary><c>project_id</c></summary>
    public string ProjectId { get; init; } = "";

    /// <summary><c>domain_name</c></summary>
    public string DomainName { get; init; } = "";

    /// <summary><c>domain_id</c></summary>
    public string DomainId { get; init; } = "";

    /// <summary><c>application_credential_name</c></summary>
    public string ApplicationCredentialName { get; init; } = "";

    /// <summary><c>application_credential_id</c></summary>
    public string ApplicationCredentialId { get; init; } = "";

    /// <summary><c>application_credential_secret</c></summary>
    public Secret ApplicationCredentialSecret { get; init; }

    /// <summary><c>role</c>: <c>hypervisor</c>, <c>instance</c> or <c>loadbalancer</c>.</summary>
    public required string Role { get; init; }

    /// <summary><c>region</c></summary>
    public required string Region { get; init; }

    /// <summary><c>refresh_interval</c></summary>
    public TimeSpan RefreshInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary><c>port</c></summary>
    public long Port { get; init; } = 80;

    /// <summary><c>all_tenants</c>: instances of all projects.</summary>
    public bool AllTenants { get; init; }

    /// <summary><c>availability</c>: which endpoints of the services are used.</summary>
    public string Availability { get; init; } = "public";

    /// <summary><c>tls_config</c></summary>
    public TlsConfig Tls { get; init; } = new();
}
