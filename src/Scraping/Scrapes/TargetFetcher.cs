using System.Buffers;
using System.Globalization;
using System.IO.Compression;
using System.Net.Http;
using System.Net.Sockets;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>A body in a buffer of the shared pool; the owner returns it once.</summary>
internal readonly record struct ScrapeBody(byte[] Buffer, int Length, string? ContentType)
{
    public ReadOnlySpan<byte> Span => Buffer.AsSpan(0, Length);

    public void Return()
    {
        if (Buffer is { Length: > 0 })
        {
            ArrayPool<byte>.Shared.Return(Buffer);
        }
    }
}

/// <summary>Fetches the body of a scrape over HTTP.</summary>
internal static class TargetFetcher
{
    private const int BufferBytesMin = 16 * 1024;

    /// <summary>Asks the target. The token ends it, by the timeout or by the end of the server.</summary>
    /// <exception cref="ScrapeException">The target did not answer, or not with success, or with too much.</exception>
    public static async Task<ScrapeBody> FetchAsync(Target target, ScrapeSettings settings, ScrapeOptions options, int sizeHint, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, target.Url);
        request.Headers.TryAddWithoutValidation("Accept", settings.Accept);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", settings.Config.EnableCompression ? "gzip" : "identity");
        request.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        request.Headers.TryAddWithoutValidation("X-Prometheus-Scrape-Timeout-Seconds", FloatFormat.FormatPlain(target.Timeout.TotalSeconds));
        if (settings.Config.HttpClient.EnableHttp2 && target.Url.Scheme == Uri.UriSchemeHttps)
        {
            request.Version = System.Net.HttpVersion.Version20;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        }

        try
        {
            using HttpResponseMessage response = await settings.Client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if ((int)response.StatusCode != 200)
            {
                throw new ScrapeException($"server returned HTTP status {((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)} {response.ReasonPhrase}");
            }

            string? contentType = response.Content.Headers.TryGetValues("Content-Type", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
            bool isGzip = response.Content.Headers.ContentEncoding.Contains("gzip", StringComparer.OrdinalIgnoreCase);
            long? announced = isGzip ? null : response.Content.Headers.ContentLength;
            Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            if (isGzip)
            {
                stream = new GZipStream(stream, CompressionMode.Decompress);
            }

            await using (stream.ConfigureAwait(false))
            {
                int hint = (int)Math.Clamp(announced ?? sizeHint, 0, 64 * 1024 * 1024);
                return await ReadAsync(stream, contentType, hint, settings.Config.Limits.BodySizeBytes, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            throw new ScrapeException($"Get {GoQuote.Quote(target.Url.AbsoluteUri)}: context deadline exceeded");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            throw new ScrapeException(e is InvalidDataException ? "gzip: invalid header" : $"Get {GoQuote.Quote(target.Url.AbsoluteUri)}: {Describe(e, target.Url)}");
        }
    }

    private static async Task<ScrapeBody> ReadAsync(Stream stream, string? contentType, int sizeHint, long limitBytes, CancellationToken cancellationToken)
    {
        // A little room behind the expected end, so that reading the end does not double the buffer.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(BufferBytesMin, sizeHint + 1024));
        int length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(checked(buffer.Length * 2));
                    buffer.AsSpan().CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    return new ScrapeBody(buffer, length, contentType);
                }

                length += read;
                if (limitBytes > 0 && length >= limitBytes)
                {
                    throw new BodySizeLimitException();
                }
            }
        }
        catch (OverflowException)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw new BodySizeLimitException();
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private static string Describe(Exception error, Uri url)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
        {
            if (inner is SocketException socket)
            {
                string authority = url.Host + ":" + url.Port.ToString(CultureInfo.InvariantCulture);
                return socket.SocketErrorCode switch
                {
                    SocketError.ConnectionRefused => $"dial tcp {authority}: connect: connection refused",
                    SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => $"dial tcp: lookup {url.Host}: no such host",
                    SocketError.HostUnreachable => $"dial tcp {authority}: connect: no route to host",
                    SocketError.NetworkUnreachable => $"dial tcp {authority}: connect: network is unreachable",
                    SocketError.ConnectionReset => "read: connection reset by peer",
                    _ => $"dial tcp {authority}: {socket.Message}",
                };
            }

            if (inner is System.Security.Authentication.AuthenticationException)
            {
                return "tls: " + inner.Message;
            }
        }

        return error is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } || error.InnerException is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }
            ? "EOF"
            : error.Message;
    }
}

/// <summary>A target answers with more bytes than it may.</summary>
internal sealed class BodySizeLimitException() : Exception("body size limit exceeded");
