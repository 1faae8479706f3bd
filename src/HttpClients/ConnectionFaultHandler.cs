using System.Net.Sockets;

namespace Narthex.HttpClients;

/// <summary>Makes every fault of a connection the one exception that callers know.</summary>
/// <remarks>
/// A peer that goes away between the connecting and the first byte makes the platform throw a bare <see cref="SocketException"/>. Whoever asks again and again, a
/// scrape for instance, would be ended by it.
/// </remarks>
internal sealed class ConnectionFaultHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await base.SendAsync(request, cancellationToken);
        }
        catch (SocketException error)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, error.Message, error);
        }
    }
}
