using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Asks a target for its metrics. Keeps nothing between two scrapes but the size of the last body.</summary>
internal sealed class ScrapeClient
{
    private static readonly TimeSpan TimeoutMax = TimeSpan.FromDays(40); // The longest that timers take, or nearly.
    private readonly string _url;
    private readonly string _userAgent;
    private readonly string _unixSocket;
    private readonly Uri? _uri;
    private readonly string? _host;
    private int _lastLength;
    private int _lastPackedLength;

    /// <param name="url">What to ask for.</param>
    /// <param name="userAgent">Who asks.</param>
    /// <param name="unixSocket">The path of the socket to ask through; empty for TCP.</param>
    public ScrapeClient(string url, string userAgent, string unixSocket = "")
    {
        _unixSocket = unixSocket;
        _url = url;
        _userAgent = userAgent;

        // The address can be anything that relabelling makes. The path goes out as it is written.
        Uri.TryCreate(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out _uri);

        // The platform reads 10.5 as 10.0.0.5. Whoever wrote it meant another machine, which must not go unnoticed.
        if (_uri is { HostNameType: UriHostNameType.IPv4 } && !url.AsSpan(_uri.Scheme.Length + "://".Length).StartsWith(_uri.Host))
        {
            _uri = null;
        }

        _host = _uri is { IsDefaultPort: true } ? WrittenPort(url, _uri) : null;
    }

    /// <summary>Scrapes once.</summary>
    /// <exception cref="ScrapeException">The target did not answer, or not as it should.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stopping"/> was signalled.</exception>
    public async Task<ScrapeBody> ScrapeAsync(ScrapeSettings settings, TimeSpan timeout, TimeProvider time, CancellationToken stopping)
    {
        Uri uri = CheckUrl();
        using var deadline = new CancellationTokenSource(timeout < TimeoutMax ? timeout : TimeoutMax, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        using HttpRequestMessage request = MakeRequest(uri, settings, timeout);
        bool isBody = false;
        try
        {
            using HttpResponseMessage response = await SendAsync(settings.Client.Invoker, request, both.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new ScrapeException($"server returned HTTP status {(int)response.StatusCode:000} {ReasonOf(response)}".TrimEnd());
            }

            isBody = true;
            ScrapeBody body = await ReadAsync(response, settings.Config.Limits.BodySizeBytes, both.Token);
            _lastLength = body.Length;
            return body;
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException or OperationCanceledException)
        {
            // Cancelled reads end with whatever error the connection had at that moment.
            stopping.ThrowIfCancellationRequested();
            bool isLate = deadline.IsCancellationRequested || error is OperationCanceledException;
            string asked = request.Options.TryGetValue(NetworkErrors.LastHop, out string? hop) ? hop : _url;
            string reason = isLate ? "context deadline exceeded" : NetworkErrors.Explain(error, Uri.TryCreate(asked, UriKind.Absolute, out Uri? last) ? last : uri, isBody);
            throw new ScrapeException(isBody ? reason : $"Get {GoQuote.Quote(asked)}: {reason}");
        }
    }

    // The platform takes each byte for a character; servers write UTF-8.
    private static string? ReasonOf(HttpResponseMessage response) =>
        response.ReasonPhrase is { } reason && !Ascii.IsValid(reason) ? Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(reason)) : response.ReasonPhrase;

    private static async Task<HttpResponseMessage> SendAsync(HttpMessageInvoker invoker, HttpRequestMessage request, CancellationToken cancellationToken) =>
        invoker is HttpClient client
            ? await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : await invoker.SendAsync(request, cancellationToken);

    // The platform leaves a port out that the scheme implies, even where somebody has written it.
    private static string? WrittenPort(string url, Uri uri)
    {
        string authority = url[(uri.Scheme.Length + "://".Length)..];
        authority = authority.IndexOfAny(['/', '?', '#']) is >= 0 and int end ? authority[..end] : authority;
        return authority.EndsWith(string.Create(CultureInfo.InvariantCulture, $":{uri.Port}"), StringComparison.Ordinal) && !authority.Contains('@', StringComparison.Ordinal) ? authority : null;
    }

    private Uri CheckUrl()
    {
        if (_uri is null)
        {
            throw new ScrapeException(UrlFaults.Explain(_url));
        }

        return _uri.Scheme is "http" or "https"
            ? _uri
            : throw new ScrapeException($"Get {GoQuote.Quote(_url)}: unsupported protocol scheme {GoQuote.Quote(_uri.Scheme)}");
    }

    private HttpRequestMessage MakeRequest(Uri uri, ScrapeSettings settings, TimeSpan timeout)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, uri);
        if (_unixSocket.Length > 0)
        {
            request.Options.Set(SocketRouter.Path, _unixSocket);
        }

        HttpRequestHeaders headers = request.Headers;
        headers.Host = _host;
        headers.TryAddWithoutValidation("Accept", settings.Accept);
        headers.TryAddWithoutValidation("Accept-Encoding", settings.Config.EnableCompression ? "gzip" : "identity");
        headers.TryAddWithoutValidation("User-Agent", _userAgent);
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

        // Gzip makes nothing notably larger: what is this long before, is too long after.
        long packedLimit = sizeLimit > 0 ? sizeLimit + (sizeLimit >> 6) + 1024 : 0;
        using ScrapeBody packed = await ScrapeBody.ReadAsync(stream, _lastPackedLength, packedLimit, contentType, cancellationToken);
        _lastPackedLength = packed.Length;
        return packed.Decompress(sizeLimit, contentType, cancellationToken);
    }
}
