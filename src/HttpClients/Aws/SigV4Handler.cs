namespace Narthex.HttpClients.Aws;

/// <summary>Signs each request for Amazon's service of managed Prometheus.</summary>
internal sealed class SigV4Handler(AwsCredentialSource credentials, TimeProvider time, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private const string Service = "aps";

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Options.TryGetValue(RedirectHandler.LeftOrigin, out bool left) && left)
        {
            // Another host must not get the token of the hop before.
            request.Headers.Remove("X-Amz-Security-Token");
            return await base.SendAsync(request, cancellationToken);
        }

        // The signature covers the body; bodies are in memory already, so this copies nothing that was not there.
        byte[] body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        AwsCredentials keys = await credentials.GetAsync(cancellationToken);
        AwsSignature.Sign(request, body, keys, credentials.Region, Service, time.GetUtcNow());
        return await base.SendAsync(request, cancellationToken);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            credentials.Dispose();
        }

        base.Dispose(disposing);
    }
}
