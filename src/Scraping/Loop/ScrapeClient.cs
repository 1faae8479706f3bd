using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Narthex.Scraping;

/// <summary>Asks a target for its metrics. Keeps nothing between two scrapes but the size of the last body.</summary>
internal sealed class ScrapeClient(Uri url, string userAgent)
{
    private int _lastLength;

    /// <summary>Scrapes once.</summary>
    /// <exception cref="ScrapeException">The target did not answer, or not as it should.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was signalled.</exception>
    public async Task<ScrapeBody> ScrapeAsync(ScrapeSettings settings, TimeSpan timeout, TimeProvider time, CancellationToken stopping)
    {
        using var deadline = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        using HttpRequestMessage request = MakeRequest(settings, timeout);
        try
        {
            using HttpResponseMessage response = await SendAsync(settings, request, both.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new ScrapeException($"server returned HTTP status {(int)response.StatusCode} {response.ReasonPhrase}");
            }

            ScrapeBody body = await ReadAsync(response, settings.Config.Limits.BodySizeBytes, both.Token);
            _lastLength = body.Length;
            return body;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new ScrapeException($"Get \"{url}\": context deadline exceeded");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
        {
            throw new ScrapeException($"Get \"{url}\": {Explain(error)}");
        }
    }

    private static async Task<HttpResponseMessage> SendAsync(ScrapeSettings settings, HttpRequestMessage request, CancellationToken cancellationToken) =>
        settings.Client is HttpClient client
            ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : await settings.Client.SendAsync(request, cancellationToken);

    private HttpRequestMessage MakeRequest(ScrapeSettings settings, TimeSpan timeout)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, url);
        HttpRequestHeaders headers = request.Headers;
        headers.TryAddWithoutValidation("Accept", settings.Accept);
        headers.TryAddWithoutValidation("Accept-Encoding", settings.Config.EnableCompression ? "gzip" : "identity");
        headers.TryAddWithoutValidation("User-Agent", userAgent);
        headers.TryAddWithoutValidation("X-Prometheus-Scrape-Timeout-Seconds", timeout.TotalSeconds.ToString("R", CultureInfo.InvariantCulture));
        return request;
    }

    private async Task<ScrapeBody> ReadAsync(HttpResponseMessage response, long sizeLimit, CancellationToken cancellationToken)
    {
        // As it was sent: parsing and printing it again would cost, and lose what the parser does not know.
        string? contentType = response.Content.Headers.TryGetValues("Content-Type", out IEnumerable<string>? values) ? values.First() : null;
        bool isGzip = response.Content.Headers.ContentEncoding is { Count: 1 } encodings && encodings.First() == "gzip";
        Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        if (!isGzip)
        {
            return await ScrapeBody.ReadAsync(stream, _lastLength, sizeLimit, contentType, cancellationToken);
        }

        await using var gzip = new GZipStream(stream, CompressionMode.Decompress);
        return await ScrapeBody.ReadAsync(gzip, _lastLength, sizeLimit, contentType, cancellationToken);
    }

    private string Explain(Exception error) => error.GetBaseException() switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"dial tcp {url.Host}:{url.Port}: connect: connection refused",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } => $"dial tcp: lookup {url.Host}: no such host",
        SocketException { SocketErrorCode: SocketError.ConnectionReset } => "read: connection reset by peer",
        SocketException socket => $"dial tcp {url.Host}:{url.Port}: {socket.Message}",
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "EOF",
        var other => other.Message,
    };
}
