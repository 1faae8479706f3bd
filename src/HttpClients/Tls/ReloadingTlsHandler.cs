namespace Narthex.HttpClients.Tls;

/// <summary>Replaces the transport when a certificate file changed, so that rotated certificates work without a reload.</summary>
/// <remarks>Requests under way finish on the former transport; it is disposed when the last of them ends.</remarks>
internal sealed class ReloadingTlsHandler : HttpMessageHandler
{
    private readonly Func<HttpMessageHandler> _create;
    private readonly string[] _files;
    private readonly Lock _lock = new();
    private Transport _current;

    public ReloadingTlsHandler(TlsConfig config, Func<HttpMessageHandler> create)
    {
        _create = create;
        _files = [.. TlsOptions.Files(config)];
        _current = new Transport(create(), Stamp());
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Transport transport = Rent();
        try
        {
            return await transport.Invoker.SendAsync(request, cancellationToken);
        }
        finally
        {
            Return(transport);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _current.Invoker.Dispose();
        }

        base.Dispose(disposing);
    }

    private Transport Rent()
    {
        lock (_lock)
        {
            if (_files.Length > 0 && Stamp() is var stamp && stamp != _current.Stamp)
            {
                Transport former = _current;
                try
                {
                    _current = new Transport(_create(), stamp);
                }
                catch (HttpClientConfigException e)
                {
                    throw new HttpRequestException(e.Message, e);
                }

                former.IsReplaced = true;
                DisposeIfUnused(former);
            }

            _current.Requests++;
            return _current;
        }
    }

    private void Return(Transport transport)
    {
        lock (_lock)
        {
            transport.Requests--;
            DisposeIfUnused(transport);
        }
    }

    // The response's body may still be read: disposing the handler lets open connections finish what they carry.
    private static void DisposeIfUnused(Transport transport)
    {
        if (transport is { IsReplaced: true, Requests: 0 })
        {
            transport.Invoker.Dispose();
        }
    }

    // Time and size of each file: cheaper than reading them for each request.
    private string Stamp()
    {
        if (_files.Length == 0)
        {
            return "";
        }

        return string.Join(';', _files.Select(file => new FileInfo(file) is { Exists: true } info ? $"{info.LastWriteTimeUtc.Ticks}:{info.Length}" : "-"));
    }

    private sealed class Transport(HttpMessageHandler handler, string stamp)
    {
        public HttpMessageInvoker Invoker { get; } = new(handler);

        public string Stamp { get; } = stamp;

        public int Requests { get; set; }

        public bool IsReplaced { get; set; }
    }
}
