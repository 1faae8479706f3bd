using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Narthex.Configuration.Loading;
using Narthex.Configuration.Yaml;
using Narthex.Model;

namespace Narthex.Configuration.WebFiles;

/// <summary>Checks the file of <c>--web.config.file</c>: its form, its values, and the files that it names.</summary>
public static class WebConfigValidator
{
    private static readonly string[] s_clientAuthTypes =
        ["", "NoClientCert", "RequestClientCert", "RequireAnyClientCert", "RequireClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"];

    private static readonly string[] s_curves = ["CurveP256", "CurveP384", "CurveP521", "X25519", "X25519MLKEM768"];

    private static readonly string[] s_versions = ["TLS13", "TLS12", "TLS11", "TLS10"];

    private static readonly HashSet<string> s_ciphers = new(StringComparer.Ordinal)
    {
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    };

    // HTTP/2 forbids all others below TLS 1.3.
    private static readonly string[] s_http2Ciphers =
    [
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    ];

    // The headers that may be set, and their values where these are limited; null: any.
    private static readonly Dictionary<string, string[]?> s_headers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Strict-Transport-Security"] = null,
        ["X-Content-Type-Options"] = ["nosniff"],
        ["X-Frame-Options"] = ["deny", "sameorigin"],
        ["X-XSS-Protection"] = null,
        ["Content-Security-Policy"] = null,
        ["Cross-Origin-Embedder-Policy"] = null,
        ["Cross-Origin-Opener-Policy"] = null,
        ["Cross-Origin-Resource-Policy"] = null,
        ["Permissions-Policy"] = null,
        ["Referrer-Policy"] = null,
    };

    /// <summary>Checks a file.</summary>
    /// <exception cref="ConfigurationException">It cannot be used; the message says why.</exception>
    public static void CheckFile(string path)
    {
        var context = new LoadContext(ConfigurationLoader.FolderOf(path), ConfigurationLoadOptions.Default);
        var section = new SectionReader(YamlTreeReader.Read(ConfigurationLoader.ReadFile(path)), "web.Config", context);
        SectionReader? tls = section.Take("tls_server_config") is { } tlsNode and not YamlScalar { IsNull: true } ? new SectionReader(tlsNode, "web.TLSConfig", context) : null;
        WebTls? tlsConfig = tls is null ? null : ReadTls(tls);
        bool http2 = ReadHttp(section.Take("http_server_config"), context);
        EquatableMap<string> users = section.TextMap("basic_auth_users");
        ReadRateLimit(section.Take("rate_limit"), context);
        section.Finish();
        context.ThrowIfFaulty();

        if (tlsConfig is not null)
        {
            Check(tlsConfig, http2);
        }

        foreach (string hash in users.Values)
        {
            CheckHash(hash);
        }
    }

    private static WebTls ReadTls(SectionReader section)
    {
        var tls = new WebTls
        {
            Cert = section.Text("cert"),
            CertFile = section.FilePath("cert_file"),
            Key = section.Text("key"),
            KeyFile = section.FilePath("key_file"),
            ClientAuthType = section.Text("client_auth_type"),
            ClientCa = section.Text("client_ca"),
            ClientCaFile = section.FilePath("client_ca_file"),
            CipherSuites = section.Texts("cipher_suites"),
        };
        EquatableList<string> curves = section.Texts("curve_preferences");
        section.Flag("prefer_server_cipher_suites");
        section.Texts("client_allowed_sans");
        foreach (string key in new[] { "min_version", "max_version" })
        {
            string version = section.Text(key);
            Require(version.Length == 0 || s_versions.Contains(version), $"unknown TLS version: {version}");
        }

        section.Finish();
        foreach (string cipher in tls.CipherSuites)
        {
            Require(s_ciphers.Contains(cipher), $"unknown cipher: {cipher}");
        }

        foreach (string curve in curves)
        {
            Require(s_curves.Contains(curve), $"unknown curve: {curve}");
        }

        return tls;
    }

    private static bool ReadHttp(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "web.HTTPConfig", context);
        bool http2 = section.Flag("http2", true);
        foreach ((string name, string value) in section.TextMap("headers"))
        {
            Require(s_headers.TryGetValue(name, out string[]? values), $"HTTP header {GoQuote.Quote(name)} can not be configured");
            if (values is not null && value.Length > 0 && !values.Contains(value))
            {
                string expected = string.Join(' ', values.Select(GoQuote.Quote));
                throw new ConfigurationException($"invalid value for {name}. Expected one of: [{expected}], but got: {GoQuote.Quote(value)}");
            }
        }

        section.Finish();
        return http2;
    }

    private static void ReadRateLimit(YamlNode? node, LoadContext context)
    {
        var section = new SectionReader(node, "web.RateLimiterConfig", context);
        section.Integer("burst", 0);
        section.Duration("interval");
        section.Finish();
    }

    private static void Check(WebTls tls, bool http2)
    {
        bool isEmpty = tls is { Cert: "", CertFile: "", Key: "", KeyFile: "", ClientAuthType: "", ClientCa: "", ClientCaFile: "" };
        if (isEmpty)
        {
            return;
        }

        Require(tls.Cert.Length > 0 || tls.CertFile.Length > 0, "missing one of cert or cert_file");
        Require(tls.Key.Length > 0 || tls.KeyFile.Length > 0, "missing one of key or key_file");
        Require(tls.Cert.Length == 0 || tls.CertFile.Length == 0, "only one of cert and cert_file must be specified");
        Require(tls.Key.Length == 0 || tls.KeyFile.Length == 0, "only one of key and key_file must be specified");
        Require(tls.ClientCa.Length == 0 || tls.ClientCaFile.Length == 0, "cannot specify both client_ca and client_ca_file");
        string certificate = tls.CertFile.Length > 0 ? ReadFile(tls.CertFile, "cert_file") : tls.Cert;
        string key = tls.KeyFile.Length > 0 ? ReadFile(tls.KeyFile, "key_file") : tls.Key;
        try
        {
            using X509Certificate2 pair = X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new ConfigurationException($"failed to load X509KeyPair: {error.Message}", error);
        }

        string clientCa = tls.ClientCaFile.Length > 0 ? ReadFile(tls.ClientCaFile, "client_ca_file") : tls.ClientCa;
        if (clientCa.Length > 0)
        {
            try
            {
                using X509Certificate2 authority = X509Certificate2.CreateFromPem(clientCa);
            }
            catch (CryptographicException error)
            {
                throw new ConfigurationException("failed to parse client CA: " + error.Message, error);
            }
        }

        Require(s_clientAuthTypes.Contains(tls.ClientAuthType), $"Invalid ClientAuth: {tls.ClientAuthType}");
        bool wantsNoCertificate = tls.ClientAuthType is "" or "NoClientCert";
        Require(clientCa.Length == 0 || !wantsNoCertificate, "Client CA's have been configured without a Client Auth Policy");
        Require(clientCa.Length > 0 || tls.ClientAuthType is not ("VerifyClientCertIfGiven" or "RequireAndVerifyClientCert"), $"client auth policy {tls.ClientAuthType} needs client_ca or client_ca_file");
        Require(
            !http2 || tls.CipherSuites.Count == 0 || tls.CipherSuites.Any(s_http2Ciphers.Contains),
            "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)");
    }

    private static void CheckHash(string hash)
    {
        Require(hash.Length >= 59, "crypto/bcrypt: hashedSecret too short to be a bcrypted password");
        Require(hash[0] == '$', $"crypto/bcrypt: bcrypt hashes must start with '$', but hashedSecret started with '{hash[0]}'");
        Require(hash[1] <= '2', $"crypto/bcrypt: bcrypt algorithm version '{hash[1]}' requested is newer than current version '2'");
    }

    private static string ReadFile(string path, string key)
    {
        try
        {
            return ConfigurationLoader.ReadFile(path);
        }
        catch (ConfigurationException error)
        {
            throw new ConfigurationException($"failed to read {key} ({path}): {error.Message}", error);
        }
    }

    private static void Require(bool holds, string fault)
    {
        if (!holds)
        {
            throw new ConfigurationException(fault);
        }
    }

    private sealed record WebTls
    {
        public required string Cert { get; init; }

        public required string CertFile { get; init; }

        public required string Key { get; init; }

        public required string KeyFile { get; init; }

        public required string ClientAuthType { get; init; }

        public required string ClientCa { get; init; }

        public required string ClientCaFile { get; init; }

        public required EquatableList<string> CipherSuites { get; init; }
    }
}
