using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Narthex.HttpClients.Proxies;

/// <summary>Makes the encrypted connections that the platform's handler cannot: with another name in the handshake, or with headers for the proxy.</summary>
/// <remarks>
/// The platform names the URL's host in the handshake, and sends nothing of ours when it asks a proxy for a tunnel. So this handler connects,
/// asks for the tunnel and encrypts itself, and lets the platform talk plain HTTP/1.1 on top. Requests without encryption go the ordinary way.
/// </remarks>
internal sealed class TunnelHandler : HttpMessageHandler
{
    private const int AnswerBytesMax = 16 * 1024;
    private readonly HttpMessageInvoker _ordinary;
    private readonly HttpMessageInvoker _encrypted;
    private readonly Dialer _dialer;
    private readonly SslClientAuthenticationOptions _tls;
    private readonly string _serverName;
    private readonly ProxySelector? _proxy;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _connectHeaders;

    /// <param name="ordinary">Takes the requests without encryption.</param>
    /// <param name="encrypted">Talks over the connections made here; its own way to connect is replaced.</param>
    /// <param name="dialer">Makes the connections.</param>
    /// <param name="tls">How to encrypt.</param>
    /// <param name="serverName">The name for the handshake; empty for the URL's host.</param>
    /// <param name="proxy">Chooses proxies; null for none.</param>
    /// <param name="connectHeaders">Sent to the proxy with the wish for a tunnel.</param>
    public TunnelHandler(
        SocketsHttpHandler ordinary,
        SocketsHttpHandler encrypted,
        Dialer dialer,
        SslClientAuthenticationOptions tls,
        string serverName,
        ProxySelector? proxy,
        IReadOnlyList<KeyValuePair<string, string>> connectHeaders)
    {
        encrypted.UseProxy = false;
        encrypted.ConnectCallback = ConnectAsync;
        _ordinary = new HttpMessageInvoker(ordinary);
        _encrypted = new HttpMessageInvoker(encrypted);
        _dialer = dialer;
        _tls = tls;
        _serverName = serverName;
        _proxy = proxy;
        _connectHeaders = connectHeaders;
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Uri uri = request.RequestUri!;
        if (uri.Scheme != Uri.UriSchemeHttps)
        {
            return await _ordinary.SendAsync(request, cancellationToken);
        }

        // The encryption is below: what the platform sees is plain HTTP to the same host and port.
        Version version = request.Version;
        string? host = request.Headers.Host;
        try
        {
            request.Headers.Host ??= uri.Authority;
            request.Version = HttpVersion.Version11;
            request.RequestUri = new Uri($"http://{uri.IdnHost.Bracketed()}:{uri.Port}{uri.PathAndQuery}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            return await _encrypted.SendAsync(request, cancellationToken);
        }
        finally
        {
            request.RequestUri = uri;
            request.Version = version;
            request.Headers.Host = host;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ordinary.Dispose();
            _encrypted.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        int port = context.DnsEndPoint.Port;
        Uri? proxy = _proxy?.GetProxy(new Uri($"https://{host.Bracketed()}:{port}/"));
        if (proxy is not null && proxy.Scheme is not ("http" or "https"))
        {
            throw new HttpRequestException($"proxy_connect_header and server_name cannot be combined with a {proxy.Scheme} proxy");
        }

        Stream stream = await _dialer.ConnectAsync(proxy?.IdnHost ?? host, proxy?.Port ?? port, isProxy: proxy is not null, context.InitialRequestMessage, cancellationToken);
        try
        {
            if (proxy is not null)
            {
                stream = proxy.Scheme == Uri.UriSchemeHttps ? await EncryptAsync(stream, proxy.IdnHost, new SslClientAuthenticationOptions(), cancellationToken) : stream;
                await AskForTunnelAsync(stream, $"{host.Bracketed()}:{port}", cancellationToken);
            }

            return await EncryptAsync(stream, _serverName.Length > 0 ? _serverName : host, _tls, cancellationToken);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private static async Task<Stream> EncryptAsync(Stream stream, string name, SslClientAuthenticationOptions settings, CancellationToken cancellationToken)
    {
        var encrypted = new SslStream(stream);
        try
        {
            await encrypted.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = name,
                    EnabledSslProtocols = settings.EnabledSslProtocols,
                    ClientCertificateContext = settings.ClientCertificateContext,
                    CertificateChainPolicy = settings.CertificateChainPolicy,
                    RemoteCertificateValidationCallback = settings.RemoteCertificateValidationCallback,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                },
                cancellationToken);
            return encrypted;
        }
        catch (AuthenticationException e)
        {
            await encrypted.DisposeAsync();
            throw new HttpRequestException(HttpRequestError.SecureConnectionError, "The SSL connection could not be established, see inner exception.", e);
        }
        catch
        {
            await encrypted.DisposeAsync();
            throw;
        }
    }

    private async Task AskForTunnelAsync(Stream stream, string authority, CancellationToken cancellationToken)
    {
        var request = new StringBuilder($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        foreach ((string name, string value) in _connectHeaders)
        {
            request.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (_proxy?.Credentials is NetworkCredential login)
        {
            request.Append("Proxy-Authorization: Basic ")
                .Append(ProxyLoginHandler.Encode(login)).Append("\r\n");
        }

        await stream.WriteAsync(Encoding.Latin1.GetBytes(request.Append("\r\n").ToString()), cancellationToken);
        string status = await ReadStatusAsync(stream, cancellationToken);
        if (status.Split(' ') is not [_, "200", ..])
        {
            throw new HttpRequestException(HttpRequestError.ProxyTunnelError, status.Length > 9 ? status[9..] : "the proxy closed the connection");
        }
    }

    // Byte by byte: what follows the head belongs to the tunnel.
    private static async Task<string> ReadStatusAsync(Stream stream, CancellationToken cancellationToken)
    {
        var head = new List<byte>(256);
        byte[] one = new byte[1];
        while (!(head.Count >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r'))
        {
            if (head.Count == AnswerBytesMax || await stream.ReadAsync(one, cancellationToken) == 0)
            {
                throw new HttpRequestException(HttpRequestError.ProxyTunnelError, "the proxy did not answer with HTTP");
            }

            head.Add(one[0]);
        }

        string text = Encoding.Latin1.GetString([.. head]);
        return text[..text.IndexOf('\r', StringComparison.Ordinal)];
    }
}

/// <summary>Writes hosts into addresses.</summary>
internal static class HostText
{
    /// <summary>The host, in brackets if it is an IPv6 address without them.</summary>
    public static string Bracketed(this string host) => host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
}
