using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Narthex.HttpClients.Tls;

/// <summary>Turns <c>tls_config</c> into the platform's options. Reads the files as they are now.</summary>
internal static class TlsOptions
{
    /// <exception cref="HttpClientConfigException">A certificate or key cannot be read, or one of a pair is missing.</exception>
    public static SslClientAuthenticationOptions Create(TlsConfig config, bool http2)
    {
        var options = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = Versions(config),
            ApplicationProtocols = http2 ? [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11] : [SslApplicationProtocol.Http11],
        };
        if (LoadClientCertificate(config) is { } certificate)
        {
            options.ClientCertificateContext = certificate;
        }

        Authorities? authorities = LoadAuthorities(config);
        if (config.InsecureSkipVerify)
        {
#pragma warning disable CA5359 // The user asked for exactly this.
            options.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else
        {
            options.CertificateChainPolicy = authorities?.ToPolicy();
            options.RemoteCertificateValidationCallback = CertificateCheck.For(config.ServerName);
        }

        return options;
    }

    /// <summary>The files that the settings name: a change of one asks for new options.</summary>
    public static IEnumerable<string> Files(TlsConfig config) => new[] { config.CaFile, config.CertFile, config.KeyFile }.Where(file => file.Length > 0);

    private static SslStreamCertificateContext? LoadClientCertificate(TlsConfig config)
    {
        Authentication.CredentialSource.RefuseReference(config.CertRef, "client cert");
        Authentication.CredentialSource.RefuseReference(config.KeyRef, "client key");
        bool hasCertificate = config.Cert.Length > 0 || config.CertFile.Length > 0;
        bool hasKey = !config.Key.IsEmpty || config.KeyFile.Length > 0;
        if (!hasCertificate && !hasKey)
        {
            return null;
        }

        if (!hasKey)
        {
            throw new HttpClientConfigException("exactly one of key or key_file must be configured when a client certificate is configured");
        }

        if (!hasCertificate)
        {
            throw new HttpClientConfigException("exactly one of cert or cert_file must be configured when a client key is configured");
        }

        string certificatePem = TextOf(config.CertFile, config.Cert, "specified client cert");
        string keyPem = TextOf(config.KeyFile, config.Key.Reveal(), "specified client key");
        try
        {
            X509Certificate2 certificate = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(certificatePem);
            return SslStreamCertificateContext.Create(certificate, chain, offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new HttpClientConfigException($"unable to use specified client cert ({Place(config.CertFile)}) & key ({Place(config.KeyFile)}): {ExplainPem(certificatePem, keyPem, e)}", e);
        }
    }

    private static Authorities? LoadAuthorities(TlsConfig config)
    {
        Authentication.CredentialSource.RefuseReference(config.CaRef, "CA cert");
        if (config.Ca.Length == 0 && config.CaFile.Length == 0)
        {
            return null;
        }

        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(TextOf(config.CaFile, config.Ca, "CA cert"));
        }
        catch (CryptographicException e)
        {
            throw new HttpClientConfigException($"unable to use specified CA cert {Place(config.CaFile)}", e);
        }

        return certificates.Count > 0 ? new Authorities(certificates) : throw new HttpClientConfigException($"unable to use specified CA cert {Place(config.CaFile)}");
    }

    private static string Place(string file) => file.Length > 0 ? "file " + file : "inline";

    private static string ExplainPem(string certificate, string key, Exception error) =>
        !certificate.Contains("-----BEGIN", StringComparison.Ordinal) ? "tls: failed to find any PEM data in certificate input"
        : !key.Contains("-----BEGIN", StringComparison.Ordinal) ? "tls: failed to find any PEM data in key input"
        : error.Message;

    private static string TextOf(string file, string text, string what)
    {
        if (file.Length == 0)
        {
            return text;
        }

        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HttpClientConfigException($"unable to read {what}: {FileFaults.Explain(e, file)}", e);
        }
    }

    private static SslProtocols Versions(TlsConfig config)
    {
        if (config.MinVersion == TlsVersion.Unset && config.MaxVersion == TlsVersion.Unset)
        {
            return SslProtocols.None; // The platform's choice: 1.2 and up.
        }

        if (config.MaxVersion != TlsVersion.Unset && config.MinVersion > config.MaxVersion)
        {
            throw new HttpClientConfigException("tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified");
        }

        TlsVersion min = config.MinVersion == TlsVersion.Unset ? TlsVersion.Tls12 : config.MinVersion;
        TlsVersion max = config.MaxVersion == TlsVersion.Unset ? TlsVersion.Tls13 : config.MaxVersion;
        min = min > max ? max : min;
        SslProtocols versions = SslProtocols.None;
#pragma warning disable CA5397, CA5398, SYSLIB0039, CS0618 // The user names the versions, old ones included.
        for (TlsVersion version = min; version <= max; version++)
        {
            versions |= version switch
            {
                TlsVersion.Tls10 => SslProtocols.Tls,
                TlsVersion.Tls11 => SslProtocols.Tls11,
                TlsVersion.Tls12 => SslProtocols.Tls12,
                _ => SslProtocols.Tls13,
            };
        }
#pragma warning restore CA5397, CA5398, SYSLIB0039, CS0618
        return versions;
    }

    private sealed class Authorities(X509Certificate2Collection certificates)
    {
        public X509ChainPolicy ToPolicy()
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(certificates);
            return policy;
        }
    }
}
