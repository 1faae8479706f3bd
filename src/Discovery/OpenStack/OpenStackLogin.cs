using System.Text.Json.Nodes;
using Narthex.Configuration;

namespace Narthex.Discovery.OpenStack;

/// <summary>Who logs in to Keystone, and to what: from the configuration, or all of it from the environment.</summary>
internal sealed record OpenStackLogin
{
    public required string Endpoint { get; init; }

    public string UserName { get; init; } = "";

    public string UserId { get; init; } = "";

    public string Password { get; init; } = "";

    public string ProjectName { get; init; } = "";

    public string ProjectId { get; init; } = "";

    public string DomainName { get; init; } = "";

    public string DomainId { get; init; } = "";

    public string CredentialName { get; init; } = "";

    public string CredentialId { get; init; } = "";

    public string CredentialSecret { get; init; } = "";

    /// <summary>Chooses where the login comes from.</summary>
    /// <exception cref="DiscoveryException">Neither says where Keystone is.</exception>
    public static OpenStackLogin Of(OpenStackSdConfig config, Func<string, string?> environment)
    {
        if (config.IdentityEndpoint.Length > 0)
        {
            return new OpenStackLogin
            {
                Endpoint = config.IdentityEndpoint,
                UserName = config.Username,
                UserId = config.UserId,
                Password = config.Password.Reveal(),
                ProjectName = config.ProjectName,
                ProjectId = config.ProjectId,
                DomainName = config.DomainName,
                DomainId = config.DomainId,
                CredentialName = config.ApplicationCredentialName,
                CredentialId = config.ApplicationCredentialId,
                CredentialSecret = config.ApplicationCredentialSecret.Reveal(),
            };
        }

        return Get("OS_AUTH_URL") is { Length: > 0 } endpoint
            ? new OpenStackLogin
            {
                Endpoint = endpoint,
                UserName = Get("OS_USERNAME"),
                UserId = Get("OS_USERID"),
                Password = Get("OS_PASSWORD"),
                ProjectName = Get("OS_PROJECT_NAME", "OS_TENANT_NAME"),
                ProjectId = Get("OS_PROJECT_ID", "OS_TENANT_ID"),
                DomainName = Get("OS_DOMAIN_NAME"),
                DomainId = Get("OS_DOMAIN_ID"),
                CredentialName = Get("OS_APPLICATION_CREDENTIAL_NAME"),
                CredentialId = Get("OS_APPLICATION_CREDENTIAL_ID"),
                CredentialSecret = Get("OS_APPLICATION_CREDENTIAL_SECRET"),
            }
            : throw new DiscoveryException("Missing environment variable [OS_AUTH_URL]");

        string Get(string name, string other = "") =>
            environment(name) is { Length: > 0 } value ? value : other.Length > 0 ? environment(other) ?? "" : "";
    }

    /// <summary>What is sent to Keystone.</summary>
    public JsonObject ToRequest()
    {
        var auth = new JsonObject { ["identity"] = Identity() };
        if (Scope() is { } scope)
        {
            auth["scope"] = scope;
        }

        return new JsonObject { ["auth"] = auth };
    }

    private JsonObject Identity()
    {
        if (CredentialSecret.Length == 0)
        {
            JsonObject user = User();
            user["password"] = Password;
            return new JsonObject { ["methods"] = new JsonArray("password"), ["password"] = new JsonObject { ["user"] = user } };
        }

        var credential = new JsonObject { ["secret"] = CredentialSecret };
        if (CredentialId.Length > 0)
        {
            credential["id"] = CredentialId;
        }
        else
        {
            credential["name"] = CredentialName;
            credential["user"] = User();
        }

        return new JsonObject { ["methods"] = new JsonArray("application_credential"), ["application_credential"] = credential };
    }

    private JsonObject User()
    {
        if (UserId.Length > 0)
        {
            return new JsonObject { ["id"] = UserId };
        }

        var user = new JsonObject { ["name"] = UserName };
        if (Domain() is { } domain)
        {
            user["domain"] = domain;
        }

        return user;
    }

    // An application credential has its project already.
    private JsonObject? Scope()
    {
        if (CredentialSecret.Length > 0 || (ProjectId.Length == 0 && ProjectName.Length == 0))
        {
            return null;
        }

        JsonObject project = ProjectId.Length > 0 ? new JsonObject { ["id"] = ProjectId } : new JsonObject { ["name"] = ProjectName };
        if (ProjectId.Length == 0 && Domain() is { } domain)
        {
            project["domain"] = domain;
        }

        return new JsonObject { ["project"] = project };
    }

    private JsonObject? Domain() =>
        DomainId.Length > 0 ? new JsonObject { ["id"] = DomainId }
        : DomainName.Length > 0 ? new JsonObject { ["name"] = DomainName }
        : null;
}
