using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Narthex.HttpClients.Tls;

/// <summary>Accepts a server's certificate, or says what is wrong with it: the platform alone would only say that something is.</summary>
internal static class CertificateCheck
{
    private const string Prefix = "failed to verify certificate: x509: ";

    /// <param name="serverName">The name to check for; empty for that of the connection.</param>
    public static RemoteCertificateValidationCallback For(string serverName) => (sender, certificate, chain, errors) =>
    {
        // The platform names the URL's host in the handshake whatever the options say; which name is checked is decided here.
        if (serverName.Length > 0)
        {
            errors &= ~SslPolicyErrors.RemoteCertificateNameMismatch;
            errors |= certificate is X509Certificate2 presented && presented.MatchesHostname(serverName, allowWildcards: true, allowCommonName: false)
                ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateNameMismatch;
        }

        return errors == SslPolicyErrors.None
            || Refuse(certificate as X509Certificate2, chain, errors, serverName.Length > 0 ? serverName : (sender as SslStream)?.TargetHostName ?? "");
    };

    private static bool Refuse(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, string name) =>
        throw new AuthenticationException(Explain(certificate, chain, errors, name));

    // What upstream looks at first comes first: the dates, the name, the authority.
    private static string Explain(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, string name)
    {
        if (certificate is null)
        {
            return "failed to verify certificate: the server has sent none";
        }

        X509ChainStatusFlags faults = (chain?.ChainStatus ?? []).Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        return (faults & X509ChainStatusFlags.NotTimeValid) != 0 ? Prefix + ExplainDates(certificate, chain!.ChainPolicy.VerificationTime.ToUniversalTime())
            : (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0 ? Prefix + ExplainName(certificate, name)
            : (faults & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0 ? Prefix + "certificate signed by unknown authority"
            : Prefix + string.Join(", ", (chain?.ChainStatus ?? []).Select(status => status.StatusInformation.TrimEnd()));
    }

    private static string ExplainDates(X509Certificate2 certificate, DateTime now)
    {
        DateTime from = certificate.NotBefore.ToUniversalTime();
        DateTime until = certificate.NotAfter.ToUniversalTime();
        return "certificate has expired or is not yet valid"
            + (now > until ? $": current time {Print(now)} is after {Print(until)}" : now < from ? $": current time {Print(now)} is before {Print(from)}" : "");
    }

    private static string ExplainName(X509Certificate2 certificate, string name)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (IPAddress.TryParse(name, out _))
        {
            string addresses = string.Join(", ", names?.EnumerateIPAddresses().Select(address => address.ToString()) ?? []);
            return addresses.Length == 0 ? $"cannot validate certificate for {name} because it doesn't contain any IP SANs" : $"certificate is valid for {addresses}, not {name}";
        }

        string hosts = string.Join(", ", names?.EnumerateDnsNames() ?? []);
        return hosts.Length == 0 ? $"certificate is not valid for any names, but wanted to match {name}" : $"certificate is valid for {hosts}, not {name}";
    }

    private static string Print(DateTime time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
