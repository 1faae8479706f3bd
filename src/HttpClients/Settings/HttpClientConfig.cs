using Narthex.Model;

namespace Narthex.HttpClients;

/// <summary>How requests are authenticated, encrypted and routed: upstream's <c>http_config</c> block.</summary>
public sealed record HttpClientConfig
{
    /// <summary>The settings where none are given.</summary>
    public static HttpClientConfig Default { get; } = new();

    /// <summary><c>basic_auth</c></summary>
    public BasicAuthConfig? BasicAuth { get; init; }

    /// <summary><c>authorization</c>; the older <c>bearer_token</c> keys arrive here too.</summary>
    public AuthorizationConfig? Authorization { get; init; }

    /// <summary><c>oauth2</c></summary>
    public OAuth2Config? OAuth2 { get; init; }

    /// <summary><c>tls_config</c></summary>
    public TlsConfig Tls { get; init; } = TlsConfig.Default;

    /// <summary><c>follow_redirects</c></summary>
    public bool FollowRedirects { get; init; } = true;

    /// <summary><c>enable_http2</c></summary>
    public bool EnableHttp2 { get; init; } = true;

    /// <summary>The proxy keys.</summary>
    public ProxyConfig Proxy { get; init; } = ProxyConfig.None;

    /// <summary><c>http_headers</c></summary>
    public EquatableMap<HeaderConfig> HttpHeaders { get; init; } = EquatableMap<HeaderConfig>.Empty;
}

/// <summary>User and password.</summary>
public sealed record BasicAuthConfig
{
    /// <summary><c>username</c></summary>
    public string Username { get; init; } = "";

    /// <summary><c>username_file</c></summary>
    public string UsernameFile { get; init; } = "";

    /// <summary><c>username_ref</c></summary>
    public string UsernameRef { get; init; } = "";

    /// <summary><c>password</c></summary>
    public Secret Password { get; init; }

    /// <summary><c>password_file</c></summary>
    public string PasswordFile { get; init; } = "";

    /// <summary><c>password_ref</c></summary>
    public string PasswordRef { get; init; } = "";
}

/// <summary>An <c>Authorization</c> header.</summary>
public sealed record AuthorizationConfig
{
    /// <summary><c>type</c></summary>
    public string Type { get; init; } = "Bearer";

    /// <summary><c>credentials</c></summary>
    public Secret Credentials { get; init; }

    /// <summary><c>credentials_file</c></summary>
    public string CredentialsFile { get; init; } = "";

    /// <summary><c>credentials_ref</c></summary>
    public string CredentialsRef { get; init; } = "";
}

/// <summary>OAuth 2.0, client credentials or JWT bearer.</summary>
public sealed record OAuth2Config
{
    /// <summary>The grant by a statement that the client signs.</summary>
    public const string JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

    /// <summary>Whether tokens are asked for by a signed statement instead of a secret.</summary>
    public bool IsJwtBearer => GrantType == JwtBearer;

    /// <summary><c>client_id</c></summary>
    public string ClientId { get; init; } = "";

    /// <summary><c>client_secret</c></summary>
    public Secret ClientSecret { get; init; }

    /// <summary><c>client_secret_file</c></summary>
    public string ClientSecretFile { get; init; } = "";

    /// <summary><c>client_secret_ref</c></summary>
    public string ClientSecretRef { get; init; } = "";

    /// <summary><c>client_certificate_key_id</c></summary>
    public string ClientCertificateKeyId { get; init; } = "";

    /// <summary><c>client_certificate_key</c></summary>
    public Secret ClientCertificateKey { get; init; }

    /// <summary><c>client_certificate_key_file</c></summary>
    public string ClientCertificateKeyFile { get; init; } = "";

    /// <summary><c>client_certificate_key_ref</c></summary>
    public string ClientCertificateKeyRef { get; init; } = "";

    /// <summary><c>grant_type</c></summary>
    public string GrantType { get; init; } = "";

    /// <summary><c>signature_algorithm</c></summary>
    public string SignatureAlgorithm { get; init; } = "";

    /// <summary><c>iss</c></summary>
    public string Issuer { get; init; } = "";

    /// <summary><c>audience</c></summary>
    public string Audience { get; init; } = "";

    /// <summary><c>claims</c></summary>
    public EquatableMap<string> Claims { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>scopes</c></summary>
    public EquatableList<string> Scopes { get; init; } = [];

    /// <summary><c>token_url</c></summary>
    public string TokenUrl { get; init; } = "";

    /// <summary><c>endpoint_params</c></summary>
    public EquatableMap<string> EndpointParams { get; init; } = EquatableMap<string>.Empty;

    /// <summary><c>tls_config</c></summary>
    public TlsConfig Tls { get; init; } = TlsConfig.Default;

    /// <summary>The proxy keys.</summary>
    public ProxyConfig Proxy { get; init; } = ProxyConfig.None;
}

/// <summary>A protocol version of <c>tls_config</c>.</summary>
public enum TlsVersion : byte
{
    /// <summary>Not set.</summary>
    Unset,

    /// <summary><c>TLS10</c></summary>
    Tls10,

    /// <summary><c>TLS11</c></summary>
    Tls11,

    /// <summary><c>TLS12</c></summary>
    Tls12,

    /// <summary><c>TLS13</c></summary>
    Tls13,
}

/// <summary>How a connection is encrypted and who is trusted.</summary>
public sealed record TlsConfig
{
    /// <summary>The settings where none are given.</summary>
    public static TlsConfig Default { get; } = new();

    /// <summary><c>ca</c>: certificates as PEM text.</summary>
    public string Ca { get; init; } = "";

    /// <summary><c>cert</c>: the client's certificate as PEM text.</summary>
    public string Cert { get; init; } = "";

    /// <summary><c>key</c>: the client's key as PEM text.</summary>
    public Secret Key { get; init; }

    /// <summary><c>ca_file</c></summary>
    public string CaFile { get; init; } = "";

    /// <summary><c>cert_file</c></summary>
    public string CertFile { get; init; } = "";

    /// <summary><c>key_file</c></summary>
    public string KeyFile { get; init; } = "";

    /// <summary><c>ca_ref</c></summary>
    public string CaRef { get; init; } = "";

    /// <summary><c>cert_ref</c></summary>
    public string CertRef { get; init; } = "";

    /// <summary><c>key_ref</c></summary>
    public string KeyRef { get; init; } = "";

    /// <summary><c>server_name</c>: the name that the server's certificate must hold.</summary>
    public string ServerName { get; init; } = "";

    /// <summary><c>insecure_skip_verify</c></summary>
    public bool InsecureSkipVerify { get; init; }

    /// <summary><c>min_version</c></summary>
    public TlsVersion MinVersion { get; init; }

    /// <summary><c>max_version</c></summary>
    public TlsVersion MaxVersion { get; init; }
}

/// <summary>Which proxy requests go through.</summary>
public sealed record ProxyConfig
{
    /// <summary>No proxy.</summary>
    public static ProxyConfig None { get; } = new();

    /// <summary><c>proxy_url</c></summary>
    public string Url { get; init; } = "";

    /// <summary><c>no_proxy</c></summary>
    public string NoProxy { get; init; } = "";

    /// <summary><c>proxy_from_environment</c></summary>
    public bool FromEnvironment { get; init; }

    /// <summary><c>proxy_connect_header</c></summary>
    public EquatableMap<EquatableList<Secret>> ConnectHeader { get; init; } = EquatableMap<EquatableList<Secret>>.Empty;
}

/// <summary>The values of one header of <c>http_headers</c>: all kinds are sent.</summary>
public sealed record HeaderConfig
{
    /// <summary><c>values</c></summary>
    public EquatableList<string> Values { get; init; } = [];

    /// <summary><c>secrets</c></summary>
    public EquatableList<Secret> Secrets { get; init; } = [];

    /// <summary><c>files</c></summary>
    public EquatableList<string> Files { get; init; } = [];
}
