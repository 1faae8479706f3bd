namespace Narthex.HttpClients.Authentication;

/// <summary>Puts credentials and configured headers on requests to the host that the user meant, and on no others.</summary>
internal sealed class CredentialHandler(CredentialSource? credentials, HeaderSource? headers, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Options.TryGetValue(RedirectHandler.LeftOrigin, out bool left) || !left)
        {
            await AddToAsync(request, cancellationToken);
        }

        return await base.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            credentials?.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask AddToAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Whoever sets the header on the request itself wins.
        if (credentials is not null && !request.Headers.Contains("Authorization") && await credentials.GetHeaderValueAsync(cancellationToken) is { } value)
        {
            request.Headers.TryAddWithoutValidation("Authorization", value);
        }

        headers?.AddTo(request);
    }
}
