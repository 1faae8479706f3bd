using System.Collections.Concurrent;

namespace Narthex.HttpClients;

/// <summary>Sends requests through a Unix socket where they name one, and the ordinary way otherwise.</summary>
/// <remarks>Each socket has connections of its own: those of the platform are told apart by host and port only, which say nothing here.</remarks>
public sealed class SocketRouter : HttpMessageHandler
{
    private readonly HttpMessageInvoker _ordinary;
    private readonly Func<string, HttpMessageHandler> _createForSocket;
    private readonly ConcurrentDictionary<string, Lazy<HttpMessageInvoker>> _sockets = new(StringComparer.Ordinal);

    internal SocketRouter(HttpMessageHandler ordinary, Func<string, HttpMessageHandler> createForSocket)
    {
        _ordinary = new HttpMessageInvoker(ordinary);
        _createForSocket = createForSocket;
    }

    /// <summary>The option of a request with the path of the socket.</summary>
    public static HttpRequestOptionsKey<string> Path { get; } = new("narthex.unix_socket");

    /// <inheritdoc/>
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        request.Options.TryGetValue(Path, out string? path)
            ? _sockets.GetOrAdd(path, one => new Lazy<HttpMessageInvoker>(() => new HttpMessageInvoker(_createForSocket(one)))).Value.SendAsync(request, cancellationToken)
            : _ordinary.SendAsync(request, cancellationToken);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _ordinary.Dispose();
            foreach (Lazy<HttpMessageInvoker> socket in _sockets.Values)
            {
                socket.Value.Dispose();
            }
        }

        base.Dispose(disposing);
    }
}
