using System.Net;
using System.Text;

namespace Narthex.HttpClients.Proxies;

/// <summary>Logs in at a proxy with the first request already: the platform asks without, is refused, and asks once more.</summary>
/// <remarks>Only for requests that the proxy reads. In those that are encrypted, the header would go to the server behind it.</remarks>
internal sealed class ProxyLoginHandler(ProxySelector proxies, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string Header = "Proxy-Authorization";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri uri = request.RequestUri!;
        if (uri.Scheme == Uri.UriSchemeHttp && proxies.GetProxy(uri) is { Scheme: "http" or "https" } proxy && ProxySelector.CredentialsOf(proxy) is { } login
            && !request.Headers.NonValidated.Contains(Header))
        {
            request.Headers.TryAddWithoutValidation(Header, "Basic " + Encode(login));
        }

        return base.SendAsync(request, cancellationToken);
    }

    /// <summary>A name and a password as the scheme Basic has them.</summary>
    public static string Encode(NetworkCredential login) => Convert.ToBase64String(Encoding.UTF8.GetBytes($"{login.UserName}:{login.Password}"));
}
