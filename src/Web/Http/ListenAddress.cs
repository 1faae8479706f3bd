using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Narthex.Web.Http;

/// <summary>An address as flags have it: <c>host:port</c>.</summary>
/// <param name="Address">The address; null for all.</param>
/// <param name="Port">The port; 0 for a free one.</param>
internal readonly record struct ListenAddress(IPAddress? Address, int Port)
{
    /// <exception cref="WebListenException">It is not an address, or its host is not known.</exception>
    public static ListenAddress Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon < 0)
        {
            throw new WebListenException($"listen tcp: address {text}: missing port in address");
        }

        if (!ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
        {
            throw new WebListenException($"listen tcp: address {text}: invalid port");
        }

        string host = text[..colon].TrimStart('[').TrimEnd(']');
        if (host.Length == 0)
        {
            return new ListenAddress(null, port);
        }

        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return new ListenAddress(address, port);
        }

        try
        {
            IPAddress[] found = Dns.GetHostAddresses(host);
            return new ListenAddress(found.FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork) ?? found[0], port);
        }
        catch (SocketException e)
        {
            throw new WebListenException($"listen tcp: lookup {host}: no such host", e);
        }
    }
}
