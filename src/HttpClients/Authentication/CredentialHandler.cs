namespace Narthex.HttpClients.Authentication;

/// <summary>Puts credentials and configured headers on requests to the host that the user meant, and on no others.</summary>
internal sealed class CredentialHandler(CredentialSource? credentials, HeaderSource? headers, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Options.TryGetValue(RedirectHandler.LeftOrigin, out bool left) || !left)
        {
            AddTo(request);
        }

        return base.SendAsync(request, cancellationToken);
    }

    private void AddTo(HttpRequestMessage request)
    {
        // Whoever sets the header on the request itself wins.
        if (credentials is not null && !request.Headers.Contains("Authorization") && credentials.GetHeaderValue() is { } value)
        {
            request.Headers.TryAddWithoutValidation("Authorization", value);
        }

        headers?.AddTo(request);
    }
}
