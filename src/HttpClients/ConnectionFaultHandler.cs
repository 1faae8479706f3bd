using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Narthex.HttpClients.Tls;
using Narthex.Model;

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
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
            FirstBytes.Of(request)?.Stop();
            CheckLength(response);
            return response;
        }
        catch (HttpRequestException error) when (ExplainStart(request) is { } fault)
        {
            throw new HttpRequestException(error.HttpRequestError, fault, null, error.StatusCode);
        }
        catch (SocketException error)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, error.Message, error);
        }
    }

    private static string? ExplainStart(HttpRequestMessage request) =>
        FirstBytes.Of(request) is not { } first || !first.TryRead(out ReadOnlySpan<byte> bytes, out bool ended) ? null
        : request.RequestUri!.Scheme == Uri.UriSchemeHttps ? HandshakeFaults.Explain(bytes, ended)
        : AnswerFaults.Explain(bytes, ended);

    // The platform reads to the end where the length is not one, as if none had been given: a body that was cut would look whole.
    private static void CheckLength(HttpResponseMessage response)
    {
        if (!response.Content.Headers.NonValidated.TryGetValues("Content-Length", out HeaderStringValues lengths))
        {
            return;
        }

        string? fault = null;
        string? first = null;
        foreach (string length in lengths)
        {
            first ??= length;
            fault = length.Length == 0 ? fault
                : !long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? $"bad Content-Length {GoQuote.Quote(length)}"
                : length != first ? $"http: message cannot contain multiple Content-Length headers; got [{string.Join(' ', lengths.Select(GoQuote.Quote))}]"
                : fault;
        }

        if (fault is not null)
        {
            response.Dispose();
            throw new HttpRequestException("net/http: HTTP/1.x transport connection broken: " + fault);
        }
    }
}
