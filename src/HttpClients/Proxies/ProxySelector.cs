using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Narthex.HttpClients.Proxies;

/// <summary>Chooses the proxy for a request: the configured one, or that of the environment, unless the host is exempt.</summary>
internal sealed class ProxySelector : IWebProxy
{
    private readonly Uri? _httpProxy;
    private readonly Uri? _httpsProxy;
    private readonly string[] _exempt;
    private readonly bool _sparesLoopback;

    private ProxySelector(string httpProxy, string httpsProxy, string noProxy, bool sparesLoopback)
    {
        _sparesLoopback = sparesLoopback;
        _httpProxy = Parse(httpProxy);
        _httpsProxy = Parse(httpsProxy);
        _exempt = noProxy.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Credentials = CredentialsOf(_httpsProxy ?? _httpProxy);
    }

    /// <inheritdoc/>
    public ICredentials? Credentials { get; set; }

    /// <summary>Makes a selector; null if no request goes through a proxy.</summary>
    public static ProxySelector? From(ProxyConfig config, Func<string, string?> environment)
    {
        if (config.FromEnvironment)
        {
            string Variable(string name) => environment(name) is { Length: > 0 } value ? value : environment(name.ToLowerInvariant()) ?? "";
            return new ProxySelector(Variable("HTTP_PROXY"), Variable("HTTPS_PROXY"), Variable("NO_PROXY"), sparesLoopback: true);
        }

        // This machine itself is reached without a proxy, unless one is named without exceptions.
        return config.Url.Length > 0 ? new ProxySelector(config.Url, config.Url, config.NoProxy, sparesLoopback: config.NoProxy.Length > 0) : null;
    }

    /// <inheritdoc/>
    public Uri? GetProxy(Uri destination) => IsExempt(destination) ? null : destination.Scheme == "https" ? _httpsProxy : _httpProxy;

    /// <inheritdoc/>
    public bool IsBypassed(Uri host) => GetProxy(host) is null;

    private bool IsExempt(Uri destination)
    {
        if (_sparesLoopback && destination.IsLoopback)
        {
            return true;
        }

        foreach (string entry in _exempt)
        {
            if (entry == "*" || Matches(entry, destination))
            {
                return true;
            }
        }

        return false;
    }

    // Forms: host, .domain, host:port, address, network in CIDR form; a plain name covers its subdomains.
    private static bool Matches(string entry, Uri destination)
    {
        if (IPNetwork.TryParse(entry, out IPNetwork network))
        {
            return IPAddress.TryParse(destination.Host.Trim('[', ']'), out IPAddress? address) && network.Contains(address);
        }

        int colon = entry.LastIndexOf(':');
        if (colon > 0 && int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port) && !IsIPv6(entry))
        {
            if (port != destination.Port)
            {
                return false;
            }

            entry = entry[..colon];
        }

        string host = destination.Host.Trim('[', ']');
        string domain = entry.TrimStart('*').TrimStart('.').Trim('[', ']');
        bool coversItself = !entry.StartsWith('.') && !entry.StartsWith("*.", StringComparison.Ordinal);
        return (coversItself && host.Equals(domain, StringComparison.OrdinalIgnoreCase))
            || (!IPAddress.TryParse(host, out _) && host.EndsWith("." + domain, StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsIPv6(string text) => IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6;

    private static Uri? Parse(string url)
    {
        if (url.Length == 0)
        {
            return null;
        }

        string absolute = url.Contains("://", StringComparison.Ordinal) ? url : "http://" + url;
        return Uri.TryCreate(absolute, UriKind.Absolute, out Uri? proxy) && proxy.Scheme is ("http" or "https" or "socks5" or "socks4" or "socks4a")
            ? proxy
            : throw new HttpClientConfigException($"invalid proxy URL {url}");
    }

    /// <summary>The name and the password in a proxy's URL; null if it has none.</summary>
    public static NetworkCredential? CredentialsOf(Uri? proxy)
    {
        if (proxy is null || proxy.UserInfo.Length == 0)
        {
            return null;
        }

        string[] parts = proxy.UserInfo.Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }
}
