using Narthex.Configuration.Yaml;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Reads the keys of <c>http_config</c>, which mostly stand among other keys.</summary>
internal static class HttpClientSection
{
    // Headers that the client itself or other keys set.
    private static readonly HashSet<string> s_reservedHeaders = new(StringComparer.OrdinalIgnoreCase)
    {
        "Authorization", "Host", "Content-Encoding", "Content-Length", "Content-Type", "User-Agent", "Connection", "Keep-Alive",
        "Proxy-Authenticate", "Proxy-Authorization", "Www-Authenticate", "Accept-Encoding", "X-Prometheus-Remote-Write-Version",
        "X-Prometheus-Remote-Read-Version", "X-Prometheus-Scrape-Timeout-Seconds", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256",
    };

    /// <summary>Takes the keys off a section and checks them.</summary>
    public static HttpClientConfig Take(SectionReader section, bool http2 = true)
    {
        string bearerToken = section.Secret("bearer_token").Reveal();
        string bearerTokenFile = section.FilePath("bearer_token_file");
        var config = new HttpClientConfig
        {
            BasicAuth = Optional(section, "basic_auth", ReadBasicAuth),
            Authorization = Optional(section, "authorization", ReadAuthorization),
            OAuth2 = Optional(section, "oauth2", ReadOAuth2),
            Tls = ReadTls(section.Take("tls_config"), section.Context),
            FollowRedirects = section.Flag("follow_redirects", true),
            EnableHttp2 = section.Flag("enable_http2", http2),
            Proxy = TakeProxy(section),
            HttpHeaders = section.Map("http_headers", "config.Headers", ReadHeader),
        };
        return section.IsFaulty ? config : Check(config, bearerToken, bearerTokenFile);
    }

    /// <summary>Reads a whole <c>tls_config</c>.</summary>
    public static TlsConfig ReadTls(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "config.plain", context);
        var tls = new TlsConfig
        {
            Ca = section.Text("ca"),
            Cert = section.Text("cert"),
            Key = section.Secret("key"),
            CaFile = section.FilePath("ca_file"),
            CertFile = section.FilePath("cert_file"),
            KeyFile = section.FilePath("key_file"),
            CaRef = section.Text("ca_ref"),
            CertRef = section.Text("cert_ref"),
            KeyRef = section.Text("key_ref"),
            ServerName = section.Text("server_name"),
            InsecureSkipVerify = section.Flag("insecure_skip_verify"),
            MinVersion = ReadVersion(section.Text("min_version")),
            MaxVersion = ReadVersion(section.Text("max_version")),
        };
        section.Finish();

        AtMostOne("ca, ca_file & ca_ref", tls.Ca, tls.CaFile, tls.CaRef);
        AtMostOne("cert, cert_file & cert_ref", tls.Cert, tls.CertFile, tls.CertRef);
        AtMostOne("key, key_file & key_ref", tls.Key.Reveal(), tls.KeyFile, tls.KeyRef);
        return tls;
    }

    private static HttpClientConfig Check(HttpClientConfig config, string bearerToken, string bearerTokenFile)
    {
        bool hasBearer = bearerToken.Length > 0 || bearerTokenFile.Length > 0;
        if (bearerToken.Length > 0 && bearerTokenFile.Length > 0)
        {
            throw new ConfigurationException("at most one of bearer_token & bearer_token_file must be configured");
        }

        if ((config.BasicAuth is not null || config.OAuth2 is not null) && hasBearer)
        {
            throw new ConfigurationException("at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
        }

        if (config.Authorization is not null && hasBearer)
        {
            throw new ConfigurationException("authorization is not compatible with bearer_token & bearer_token_file");
        }

        if (config.Authorization is not null && (config.BasicAuth is not null || config.OAuth2 is not null))
        {
            throw new ConfigurationException("at most one of basic_auth, oauth2 & authorization must be configured");
        }

        if (config.BasicAuth is not null && config.OAuth2 is not null)
        {
            throw new ConfigurationException("at most one of basic_auth, oauth2 & authorization must be configured");
        }

        foreach (string name in config.HttpHeaders.Keys.Where(s_reservedHeaders.Contains))
        {
            throw new ConfigurationException($"setting header {GoQuote.Quote(name)} is not allowed");
        }

        return hasBearer
            ? config with { Authorization = new AuthorizationConfig { Credentials = new Secret(bearerToken), CredentialsFile = bearerTokenFile } }
            : config;
    }

    private static BasicAuthConfig ReadBasicAuth(SectionReader section)
    {
        var auth = new BasicAuthConfig
        {
            Username = section.Text("username"),
            UsernameFile = section.FilePath("username_file"),
            UsernameRef = section.Text("username_ref"),
            Password = section.Secret("password"),
            PasswordFile = section.FilePath("password_file"),
            PasswordRef = section.Text("password_ref"),
        };
        AtMostOne("basic_auth username, username_file & username_ref", auth.Username, auth.UsernameFile, auth.UsernameRef);
        AtMostOne("basic_auth password, password_file & password_ref", auth.Password.Reveal(), auth.PasswordFile, auth.PasswordRef);
        return auth;
    }

    private static AuthorizationConfig ReadAuthorization(SectionReader section)
    {
        var auth = new AuthorizationConfig
        {
            Type = section.Text("type") is { } type && type.Trim().Length > 0 ? type.Trim() : "Bearer",
            Credentials = section.Secret("credentials"),
            CredentialsFile = section.FilePath("credentials_file"),
            CredentialsRef = section.Text("credentials_ref"),
        };
        AtMostOne("authorization credentials & credentials_file", auth.Credentials.Reveal(), auth.CredentialsFile, auth.CredentialsRef);
        return auth.Type.Equals("basic", StringComparison.OrdinalIgnoreCase)
            ? throw new ConfigurationException("authorization type cannot be set to \"basic\", use \"basic_auth\" instead")
            : auth;
    }

    private static OAuth2Config ReadOAuth2(SectionReader section)
    {
        var oauth = new OAuth2Config
        {
            ClientId = section.Text("client_id"),
            ClientSecret = section.Secret("client_secret"),
            ClientSecretFile = section.FilePath("client_secret_file"),
            ClientSecretRef = section.Text("client_secret_ref"),
            ClientCertificateKeyId = section.Text("client_certificate_key_id"),
            ClientCertificateKey = section.Secret("client_certificate_key"),
            ClientCertificateKeyFile = section.FilePath("client_certificate_key_file"),
            ClientCertificateKeyRef = section.Text("client_certificate_key_ref"),
            GrantType = section.Text("grant_type"),
            SignatureAlgorithm = section.Text("signature_algorithm"),
            Issuer = section.Text("iss"),
            Audience = section.Text("audience"),
            Claims = section.TextMap("claims"),
            Scopes = section.Texts("scopes"),
            TokenUrl = section.Text("token_url"),
            EndpointParams = section.TextMap("endpoint_params"),
            Tls = ReadTls(section.Take("tls_config"), section.Context),
            Proxy = TakeProxy(section),
        };
        section.Finish();
        section.Require(oauth.ClientId.Length > 0, "oauth2 client_id must be configured");
        section.Require(oauth.TokenUrl.Length > 0, "oauth2 token_url must be configured");

        if (!oauth.IsJwtBearer)
        {
            AtMostOneFor(
                "oauth2 client_secret, client_secret_file & client_secret_ref", "client_credentials",
                oauth.ClientSecret.Reveal(), oauth.ClientSecretFile, oauth.ClientSecretRef);
            return oauth;
        }

        AtMostOneFor(
            "oauth2 client_certificate_key, client_certificate_key_file & client_certificate_key_ref", OAuth2Config.JwtBearer,
            oauth.ClientCertificateKey.Reveal(), oauth.ClientCertificateKeyFile, oauth.ClientCertificateKeyRef);
        if (oauth.SignatureAlgorithm is not ("" or "RS256" or "RS384" or "RS512"))
        {
            throw new ConfigurationException("valid signature algorithms are RS256, RS384 and RS512");
        }

        return oauth;
    }

    private static ProxyConfig TakeProxy(SectionReader section)
    {
        var proxy = new ProxyConfig
        {
            Url = section.Url("proxy_url"),
            NoProxy = section.Text("no_proxy"),
            FromEnvironment = section.Flag("proxy_from_environment"),
            ConnectHeader = section.Map("proxy_connect_header", "config.ProxyHeader", ReadSecrets),
        };
        section.Require(
            proxy.ConnectHeader.Count == 0 || proxy.FromEnvironment || proxy.Url.Length > 0,
            "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be configured");
        section.Require(!proxy.FromEnvironment || proxy.Url.Length == 0, "if proxy_from_environment is configured, proxy_url must not be configured");
        section.Require(!proxy.FromEnvironment || proxy.NoProxy.Length == 0, "if proxy_from_environment is configured, no_proxy must not be configured");
        section.Require(proxy.Url.Length > 0 || proxy.NoProxy.Length == 0, "if no_proxy is configured, proxy_url must also be configured");
        return proxy;
    }

    private static EquatableList<Secret> ReadSecrets(YamlNode node, LoadContext context)
    {
        if (node is YamlSequence sequence)
        {
            return sequence.Items.Select(item => SectionReader.ToSecret(item, context)).ToEquatableList();
        }

        context.AddWrongKind(node, "[]config.Secret");
        return [];
    }

    private static HeaderConfig ReadHeader(YamlNode node, LoadContext context)
    {
        var section = new SectionReader(node, "config.Header", context);
        var header = new HeaderConfig
        {
            Values = section.Texts("values"),
            Secrets = section.List("secrets", "[]config.Secret", SectionReader.ToSecret),
            Files = section.List("files", "[]string", (item, load) => load.Resolve(SectionReader.ToText(item, load))),
        };
        section.Finish();
        return header;
    }

    private static T? Optional<T>(SectionReader parent, string key, Func<SectionReader, T> read)
        where T : class
    {
        if (parent.Take(key) is not { } node || node is YamlScalar { IsNull: true })
        {
            return null;
        }

        string type = key == "authorization" ? "config.Authorization" : "config.plain";
        var section = new SectionReader(node, type, parent.Context);
        T value = read(section);
        section.Finish();
        return value;
    }

    private static TlsVersion ReadVersion(string text) => text switch
    {
        "" => TlsVersion.Unset,
        "TLS10" => TlsVersion.Tls10,
        "TLS11" => TlsVersion.Tls11,
        "TLS12" => TlsVersion.Tls12,
        "TLS13" => TlsVersion.Tls13,
        _ => throw new ConfigurationException("unknown TLS version: " + text),
    };

    private static void AtMostOne(string names, params ReadOnlySpan<string> values) => AtMostOneFor(names, "", values);

    private static void AtMostOneFor(string names, string grantType, params ReadOnlySpan<string> values)
    {
        int set = 0;
        foreach (string value in values)
        {
            set += value.Length > 0 ? 1 : 0;
        }

        if (set > 1)
        {
            throw new ConfigurationException($"at most one of {names} must be configured{(grantType.Length > 0 ? " using grant-type=" + grantType : "")}");
        }
    }
}
