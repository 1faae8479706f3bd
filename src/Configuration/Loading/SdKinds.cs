namespace Narthex.Configuration.Loading;

/// <summary>A kind of service discovery that is parsed but not interpreted: its keys, and whether those of <c>http_config</c> stand beside them.</summary>
internal sealed record SdKind(string Name, bool HasHttpClient, HashSet<string> Keys)
{
    public string Key => Name + "_sd_configs";
}

/// <summary>All kinds of service discovery, in the order of their keys.</summary>
internal static class SdKinds
{
    private static readonly (string Name, bool HasHttpClient, string Keys)[] s_table =
    [
        ("aws", true, "role region endpoint access_key secret_key profile role_arn external_id refresh_interval port filters clusters"),
        ("azure", true, "environment authentication_method subscription_id tenant_id client_id client_secret resource_group refresh_interval port"),
        ("digitalocean", true, "role port refresh_interval"),
        ("ec2", true, "region endpoint access_key secret_key profile role_arn external_id refresh_interval port filters"),
        ("eureka", true, "server refresh_interval"),
        ("gce", false, "project zone filter refresh_interval port tag_separator"),
        ("hetzner", true, "role port refresh_interval label_selector"),
        ("ionos", true, "datacenter_id port refresh_interval"),
        ("kubernetes", true, "api_server role kubeconfig_file namespaces selectors attach_metadata"),
        ("kuma", true, "server client_id refresh_interval fetch_timeout"),
        ("lightsail", true, "region endpoint access_key secret_key profile role_arn external_id refresh_interval port"),
        ("linode", true, "region port tag_separator refresh_interval"),
        ("marathon", true, "servers refresh_interval auth_token auth_token_file"),
        ("nerve", false, "servers paths timeout"),
        ("nomad", true, "allow_stale namespace refresh_interval region server tag_separator"),
        ("oci", true, "auth tenancy user fingerprint key_file key_passphrase key_passphrase_file region compartments port refresh_interval"),
        ("outscale", true, "region access_key secret_key secret_key_file endpoint port refresh_interval"),
        ("ovhcloud", false, "application_key application_secret consumer_key service endpoint refresh_interval"),
        ("puppetdb", true, "url query include_parameters refresh_interval port"),
        ("scaleway", true, "access_key secret_key secret_key_file project_id role port api_url zone name_filter tags_filter refresh_interval"),
        ("serverset", false, "servers paths timeout"),
        ("stackit", true, "project region endpoint port private_key private_key_path service_account_key service_account_key_path credentials_file_path refresh_interval"),
        ("triton", false, "account role dns_suffix endpoint groups port refresh_interval version tls_config"),
        ("uyuni", true, "server username password entitlement separator refresh_interval"),
        ("vultr", true, "port refresh_interval region instance_id"),
    ];

    // Values of these keys, wherever they stand, are never shown.
    private static readonly HashSet<string> s_secretKeys = new(StringComparer.Ordinal)
    {
        "password", "token", "secret_key", "client_secret", "auth_token", "application_secret", "consumer_key", "key_passphrase", "credentials",
        "application_credential_secret", "bearer_token", "key", "private_key", "service_account_key", "client_certificate_key", "secrets",
        "proxy_connect_header",
    };

    /// <summary>The kinds without a record of their own.</summary>
    public static IReadOnlyList<SdKind> Generic { get; } =
        [.. s_table.Select(row => new SdKind(row.Name, row.HasHttpClient, row.Keys.Split(' ').ToHashSet(StringComparer.Ordinal)))];

    /// <summary>Whether the values of a key are secrets.</summary>
    public static bool IsSecret(string key) => s_secretKeys.Contains(key);
}
