using System.Net;
using System.Net.Security;
using Narthex.HttpClients.Authentication;
using Narthex.HttpClients.Aws;
using Narthex.HttpClients.Proxies;
using Narthex.HttpClients.Tls;

namespace Narthex.HttpClients;

/// <summary>Makes HTTP clients from <see cref="HttpClientConfig"/>.</summary>
/// <remarks>A client owns its connections: make one per target, job or endpoint, keep it, and dispose it.</remarks>
public sealed class HttpClientFactory
{
    // As long as upstream keeps idle connections; scrapes at the default interval must not open new ones.
    private static readonly TimeSpan s_idleTimeout = TimeSpan.FromMinutes(5);

    // The platform's own limit is that of a browser; some servers send long cookies and policies.
    private const int HeaderKilobytesMax = 10 << 10;

    private readonly string _userAgent;
    private readonly Func<string, string?> _environment;
    private readonly TimeProvider _time;
    private readonly ConnectionMetrics? _metrics;
    private readonly string _dialer = "";

    /// <summary>Makes a factory.</summary>
    /// <param name="userAgent">Sent with each request that names no other.</param>
    /// <param name="environment">Looks up <c>HTTP_PROXY</c> and the like; the process' environment by default.</param>
    /// <param name="time">The clock of access tokens; the system's by default.</param>
    /// <param name="metrics">Counts the connections of factories that <see cref="Named"/> made; null if nobody wants to know.</param>
    public HttpClientFactory(
        string userAgent = "Prometheus/3.14.0", Func<string, string?>? environment = null, TimeProvider? time = null, ConnectionMetrics? metrics = null)
    {
        _userAgent = userAgent;
        _environment = environment ?? Environment.GetEnvironmentVariable;
        _time = time ?? TimeProvider.System;
        _metrics = metrics;
    }

    private HttpClientFactory(HttpClientFactory origin, string dialer)
        : this(origin._userAgent, origin._environment, origin._time, origin._metrics) =>
        _dialer = dialer;

    /// <summary>The same factory for clients whose connections are counted under a name. What they need besides, access tokens for instance, is not.</summary>
    public HttpClientFactory Named(string dialer) => new(this, dialer);

    /// <summary>Makes a client. It never times out by itself: the caller knows how long a request may take.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="decompress">Whether gzip is asked for and undone. A scraper that does that itself says no.</param>
    /// <param name="sigV4">How requests are signed for Amazon; null if they are not.</param>
    /// <exception cref="HttpClientConfigException">The settings cannot be used.</exception>
    public HttpClient Create(HttpClientConfig config, bool decompress = true, SigV4Options? sigV4 = null) =>
        CreateClient(config, CreateHandler(config, decompress, sigV4));

    /// <summary>Makes a client for a scraper, which decompresses itself and may name a Unix socket: see <see cref="SocketRouter"/>.</summary>
    /// <param name="config">The settings.</param>
    /// <exception cref="HttpClientConfigException">The settings cannot be used.</exception>
    public HttpClient CreateForScraping(HttpClientConfig config) =>
        CreateClient(config, new SocketRouter(CreateHandler(config, decompress: false), path => CreateHandler(config, decompress: false, null, path)));

    private HttpClient CreateClient(HttpClientConfig config, HttpMessageHandler handler)
    {
        var client = new HttpClient(handler)
        {
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = config.EnableHttp2 ? HttpVersion.Version20 : HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        client.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", _userAgent);
        return client;
    }

    /// <summary>Makes the chain of handlers under a client.</summary>
    /// <exception cref="HttpClientConfigException">The settings cannot be used.</exception>
    public HttpMessageHandler CreateHandler(HttpClientConfig config, bool decompress = true, SigV4Options? sigV4 = null) =>
        CreateHandler(config, decompress, sigV4, socketPath: "");

    private HttpMessageHandler CreateHandler(HttpClientConfig config, bool decompress, SigV4Options? sigV4, string socketPath)
    {
        CredentialSource? credentials = CredentialSource.From(config, token => Named("").Create(token), _time);
        HttpMessageHandler handler = new ReloadingTlsHandler(config.Tls, () => CreateTransport(config, decompress, socketPath));
        if (sigV4 is not null)
        {
            // Last of all: nothing may change what is signed.
            handler = new SigV4Handler(new AwsCredentialSource(sigV4, Named("").Create(HttpClientConfig.Default), _environment, _time), _time, handler);
        }

        if (credentials is not null || config.HttpHeaders.Count > 0)
        {
            handler = new CredentialHandler(credentials, HeaderSource.From(config.HttpHeaders), handler);
        }

        // Redirects are followed above the credentials, so that they are put on for each hop anew, or not.
        handler = new ConnectionFaultHandler(handler);
        return config.FollowRedirects ? new RedirectHandler(handler) : handler;
    }

    private HttpMessageHandler CreateTransport(HttpClientConfig config, bool decompress, string socketPath)
    {
        ProxySelector? proxy = ProxySelector.From(config.Proxy, _environment);
        SslClientAuthenticationOptions tls = TlsOptions.Create(config.Tls, config.EnableHttp2);
        var dialer = new Dialer(_dialer.Length > 0 ? _metrics?.For(_dialer) : null);
        SocketsHttpHandler transport = CreateSockets(tls, proxy, decompress, dialer);
        if (socketPath.Length > 0)
        {
            transport.UseProxy = false;
            transport.ConnectCallback = async (_, cancellationToken) => await dialer.ConnectAsync(socketPath, cancellationToken);
            return transport;
        }

        HttpMessageHandler handler = config.Tls.ServerName.Length == 0 && config.Proxy.ConnectHeader.Count == 0
            ? transport
            : new TunnelHandler(transport, CreateSockets(tls, proxy, decompress, dialer), dialer, tls, config.Tls.ServerName, proxy, ConnectHeaders(config.Proxy));
        return proxy is null ? handler : new ProxyLoginHandler(proxy, handler);
    }

    private static List<KeyValuePair<string, string>> ConnectHeaders(ProxyConfig proxy) =>
        [.. proxy.ConnectHeader.SelectMany(header => header.Value.Select(value => KeyValuePair.Create(header.Key, value.Reveal())))];

    private static SocketsHttpHandler CreateSockets(SslClientAuthenticationOptions tls, ProxySelector? proxy, bool decompress, Dialer dialer)
    {
        var transport = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = decompress ? DecompressionMethods.GZip | DecompressionMethods.Deflate : DecompressionMethods.None,
            PooledConnectionIdleTimeout = s_idleTimeout,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
#pragma warning disable CA2262 // Kilobytes are meant: 10 MiB, as upstream.
            MaxResponseHeadersLength = HeaderKilobytesMax,
#pragma warning restore CA2262
            SslOptions = tls,
            ConnectCallback = dialer.ConnectAsync,
        };
        transport.UseProxy = proxy is not null;
        transport.Proxy = proxy;
        return transport;
    }
}
