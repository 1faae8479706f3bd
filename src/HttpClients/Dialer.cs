using System.Net;
using System.Net.Sockets;

namespace Narthex.HttpClients;

/// <summary>A connection that could not be made, with the address that was tried.</summary>
internal sealed class DialException(string address, bool isProxy, SocketException cause) : SocketException((int)cause.SocketErrorCode)
{
    /// <summary>Which network, and which address in it: names have several.</summary>
    public string Place { get; } = $"{(isProxy ? "proxyconnect tcp: " : "")}dial tcp{(address.Length > 0 ? " " : "")}{address}";

    /// <inheritdoc/>
    public override string Message { get; } = cause.Message;
}

/// <summary>Opens the connections of clients: to the addresses of a name one after the other, as the platform does, but so that a fault tells which one it was.</summary>
/// <param name="counters">Counts them; null if nobody does.</param>
internal sealed class Dialer(ConnectionCounters? counters)
{
    /// <summary>Connects for the platform, to where a request goes or to the proxy that it goes through.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        DnsEndPoint target = context.DnsEndPoint;
        HttpRequestMessage request = context.InitialRequestMessage;
        bool isProxy = request.Method == HttpMethod.Connect
            || (request.RequestUri is { } uri && (uri.IdnHost.Trim('[', ']') != target.Host.Trim('[', ']') || uri.Port != target.Port));
        return await ConnectAsync(target.Host, target.Port, isProxy, request, cancellationToken);
    }

    /// <summary>Connects to a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="port">The port.</param>
    /// <param name="isProxy">Whether it is a proxy, whose first words are not those of the server.</param>
    /// <param name="request">Who asks.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    /// <exception cref="SocketException">It has no address, or none of them can be reached.</exception>
    public Task<Stream> ConnectAsync(string host, int port, bool isProxy, HttpRequestMessage request, CancellationToken cancellationToken) =>
        CountAsync(async () => new DialedStream(await ConnectToAnyAsync(host, port, isProxy, cancellationToken), counters, isProxy ? null : FirstBytes.Keep(request)));

    /// <summary>Connects to a Unix socket.</summary>
    /// <exception cref="SocketException">It cannot be reached.</exception>
    public Task<Stream> ConnectAsync(string path, CancellationToken cancellationToken) =>
        CountAsync(async () => new DialedStream(
            await ConnectAsync(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(path), cancellationToken), counters, null));

    private async Task<Stream> CountAsync(Func<Task<DialedStream>> connect)
    {
        counters?.Attempted.Increment();
        try
        {
            return await connect();
        }
        catch (Exception e)
        {
            counters?.CountFailure(e);
            throw;
        }
    }

    private static async Task<Socket> ConnectToAnyAsync(string host, int port, bool isProxy, CancellationToken cancellationToken)
    {
        IPAddress[] addresses = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await LookUpAsync(host, isProxy, cancellationToken);
        SocketException? first = null;
        foreach (IPAddress address in addresses)
        {
            var place = new IPEndPoint(address, port);
            try
            {
                return await ConnectAsync(new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, place, cancellationToken);
            }
            catch (SocketException e)
            {
                first ??= new DialException(place.ToString(), isProxy, e);
            }
        }

        throw first ?? new SocketException((int)SocketError.HostNotFound);
    }

    private static async Task<IPAddress[]> LookUpAsync(string host, bool isProxy, CancellationToken cancellationToken)
    {
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken);
        }
        catch (SocketException e)
        {
            // Whether nobody knows the name, or nobody could be asked.
            string reason = e.SocketErrorCode == SocketError.TryAgain ? "server misbehaving" : "no such host";
            throw new DialException("", isProxy, new SocketException((int)e.SocketErrorCode, $"lookup {NameServers.Describe(host)}: {reason}"));
        }
        catch (ArgumentException)
        {
            // Longer than any name is.
            throw new DialException("", isProxy, new SocketException((int)SocketError.HostNotFound, $"lookup {host}: no such host"));
        }
    }

    private static async Task<Socket> ConnectAsync(Socket socket, EndPoint place, CancellationToken cancellationToken)
    {
        try
        {
            await socket.ConnectAsync(place, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
