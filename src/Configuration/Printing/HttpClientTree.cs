using Narthex.Configuration.Loading;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Printing;

/// <summary>The keys of <c>http_config</c>.</summary>
internal static class HttpClientTree
{
    public static TreeBuilder AddHttpClient(this TreeBuilder tree, HttpClientConfig config)
    {
        if (config.BasicAuth is { } basic)
        {
            tree.Section("basic_auth", new TreeBuilder()
                .TextIf("username", basic.Username).TextIf("username_file", basic.UsernameFile).TextIf("username_ref", basic.UsernameRef)
                .SecretIf("password", basic.Password).TextIf("password_file", basic.PasswordFile).TextIf("password_ref", basic.PasswordRef).ToMapping());
        }

        if (config.Authorization is { } authorization)
        {
            tree.Section("authorization", new TreeBuilder()
                .TextIf("type", authorization.Type).SecretIf("credentials", authorization.Credentials)
                .TextIf("credentials_file", authorization.CredentialsFile).TextIf("credentials_ref", authorization.CredentialsRef).ToMapping());
        }

        if (config.OAuth2 is { } oauth)
        {
            tree.Section("oauth2", OAuth2(oauth));
        }

        return tree
            .AddTls(config.Tls)
            .Flag("follow_redirects", config.FollowRedirects)
            .Flag("enable_http2", config.EnableHttp2)
            .AddProxy(config.Proxy)
            .Section("http_headers", new ConfigMapping(config.HttpHeaders.Select(header => new ConfigEntry(header.Key, Header(header.Value))).ToEquatableList()));
    }

    public static TreeBuilder AddTls(this TreeBuilder tree, TlsConfig tls) =>
        tls == TlsConfig.Default ? tree : tree.Add("tls_config", new TreeBuilder()
            .TextIf("ca", tls.Ca).TextIf("cert", tls.Cert).SecretIf("key", tls.Key)
            .TextIf("ca_file", tls.CaFile).TextIf("cert_file", tls.CertFile).TextIf("key_file", tls.KeyFile)
            .TextIf("ca_ref", tls.CaRef).TextIf("cert_ref", tls.CertRef).TextIf("key_ref", tls.KeyRef)
            .TextIf("server_name", tls.ServerName)
            .Flag("insecure_skip_verify", tls.InsecureSkipVerify)
            .TextIf("min_version", Version(tls.MinVersion)).TextIf("max_version", Version(tls.MaxVersion)).ToMapping());

    private static ConfigMapping OAuth2(OAuth2Config oauth) => new TreeBuilder()
        .Text("client_id", oauth.ClientId)
        .SecretIf("client_secret", oauth.ClientSecret).TextIf("client_secret_file", oauth.ClientSecretFile).TextIf("client_secret_ref", oauth.ClientSecretRef)
        .TextIf("client_certificate_key_id", oauth.ClientCertificateKeyId).SecretIf("client_certificate_key", oauth.ClientCertificateKey)
        .TextIf("client_certificate_key_file", oauth.ClientCertificateKeyFile).TextIf("client_certificate_key_ref", oauth.ClientCertificateKeyRef)
        .TextIf("grant_type", oauth.GrantType).TextIf("signature_algorithm", oauth.SignatureAlgorithm)
        .TextIf("iss", oauth.Issuer).TextIf("audience", oauth.Audience).TextMapIf("claims", oauth.Claims)
        .TextsIf("scopes", oauth.Scopes).Text("token_url", oauth.TokenUrl).TextMapIf("endpoint_params", oauth.EndpointParams)
        .AddTls(oauth.Tls).AddProxy(oauth.Proxy).ToMapping();

    private static TreeBuilder AddProxy(this TreeBuilder tree, ProxyConfig proxy) => tree
        .TextIf("proxy_url", UrlText.Redact(proxy.Url))
        .TextIf("no_proxy", proxy.NoProxy)
        .FlagIf("proxy_from_environment", proxy.FromEnvironment)
        .Section("proxy_connect_header", new ConfigMapping(
            proxy.ConnectHeader.Select(header => new ConfigEntry(header.Key, TreeBuilder.Secrets(header.Value))).ToEquatableList()));

    private static ConfigMapping Header(HeaderConfig header) => new TreeBuilder()
        .TextsIf("values", header.Values)
        .AddIf(header.Secrets.Count > 0, "secrets", TreeBuilder.Secrets(header.Secrets))
        .TextsIf("files", header.Files).ToMapping();

    private static string Version(TlsVersion version) => version switch
    {
        TlsVersion.Tls10 => "TLS10",
        TlsVersion.Tls11 => "TLS11",
        TlsVersion.Tls12 => "TLS12",
        TlsVersion.Tls13 => "TLS13",
        _ => "",
    };
}
