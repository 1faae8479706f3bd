using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Narthex.Model;

namespace Narthex.HttpClients;

/// <summary>Follows redirects, and takes credentials off when one leads to another host.</summary>
/// <remarks>The platform's own following would not know the headers that handlers below it add.</remarks>
internal sealed partial class RedirectHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    /// <summary>Set on a request once a redirect led away from where the user sent it.</summary>
    public static readonly HttpRequestOptionsKey<bool> LeftOrigin = new("narthex.left-origin");

    // As many as upstream's client follows.
    private const int RedirectsMax = 10;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri origin = request.RequestUri!;
        HttpRequestMessage current = request;
        for (int redirects = 0; ; redirects++)
        {
            HttpResponseMessage response = await base.SendAsync(current, cancellationToken);
            if (!IsRedirect(response.StatusCode) || !response.Headers.NonValidated.TryGetValues("Location", out HeaderStringValues values))
            {
                return response;
            }

            HttpStatusCode status = response.StatusCode;
            string location = values.ToString();
            if (location.Length == 0)
            {
                return response; // Nowhere to go: this is the answer.
            }

            response.Dispose();
            Uri target = ReadTarget(location, current.RequestUri!, request);

            // A fault from here on is told of this place.
            request.Options.Set(NetworkErrors.LastHop, redirects == RedirectsMax ? location : target.AbsoluteUri);
            if (redirects == RedirectsMax)
            {
                throw new HttpRequestException($"stopped after {RedirectsMax} redirects");
            }

            if (target.Scheme is not ("http" or "https"))
            {
                throw new HttpRequestException($"unsupported protocol scheme {GoQuote.Quote(target.Scheme)}");
            }

            current = Next(request, current, target, status, origin);
        }
    }

    private static bool IsRedirect(HttpStatusCode status) => status is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
        or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;

    private static Uri ReadTarget(string location, Uri from, HttpRequestMessage request)
    {
        string? fault = UrlSyntax.FindFault(location);
        if (fault is null && Uri.TryCreate(from, location, out Uri? target))
        {
            return target;
        }

        // A number that is no port's is noticed only when it is dialled.
        if (fault is null && LastNumber().Match(location) is { Success: true } port)
        {
            request.Options.Set(NetworkErrors.LastHop, location);
            throw new HttpRequestException($"dial tcp: address {port.Groups[1].Value}: invalid port");
        }

        throw new HttpRequestException($"failed to parse Location header {GoQuote.Quote(location)}: {fault ?? $"parse {GoQuote.Quote(location)}: invalid URL"}");
    }

    [GeneratedRegex("^[a-zA-Z]+://[^/?#]*:([0-9]{5,})(?:[/?#]|$)")]
    private static partial Regex LastNumber();

    private static HttpRequestMessage Next(HttpRequestMessage first, HttpRequestMessage former, Uri target, HttpStatusCode status, Uri origin)
    {
        bool keepsMethod = status is HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect || former.Method == HttpMethod.Head;
        var next = new HttpRequestMessage(keepsMethod ? former.Method : HttpMethod.Get, target)
        {
            Version = former.Version,
            VersionPolicy = former.VersionPolicy,
            Content = keepsMethod ? former.Content : null,
        };
        bool left = IsOther(origin, target) || (former.Options.TryGetValue(LeftOrigin, out bool formerLeft) && formerLeft);
        foreach ((string name, HeaderStringValues values) in first.Headers.NonValidated)
        {
            // Handlers below put credentials on the first request; they are put on again where they belong.
            if (!IsCredential(name) && !name.Equals("Host", StringComparison.OrdinalIgnoreCase))
            {
                next.Headers.TryAddWithoutValidation(name, values);
            }
        }

        next.Options.Set(LeftOrigin, left);
        return next;
    }

    // Another port is another server; a subdomain may belong to someone else.
    private static bool IsOther(Uri origin, Uri target) =>
        !origin.Host.Equals(target.Host, StringComparison.OrdinalIgnoreCase) || origin.Port != target.Port
        || (origin.Scheme == "https" && target.Scheme != "https");

    private static bool IsCredential(string name) =>
        name.Equals("Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("Cookie", StringComparison.OrdinalIgnoreCase)
        || name.Equals("Proxy-Authorization", StringComparison.OrdinalIgnoreCase) || name.Equals("Www-Authenticate", StringComparison.OrdinalIgnoreCase);
}
