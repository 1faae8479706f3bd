using System.Net;
using System.Text;

namespace Narthex.Tests;

/// <summary>A target on loopback whose exposition the test sets.</summary>
internal sealed class StaticTarget : IDisposable
{
    private readonly HttpListener _listener = new();
    private volatile byte[]? _body;

    public StaticTarget(string body, string contentType = "text/plain; version=0.0.4; charset=utf-8")
        : this(Encoding.UTF8.GetBytes(body), contentType)
    {
    }

    public StaticTarget(byte[] body, string contentType)
    {
        _body = body;
        ContentType = contentType;
        Port = ServerProcess.FreePort();
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _ = ServeAsync();
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public string ContentType { get; }

    /// <summary>What the next scrape gets; null means an error 500.</summary>
    public string? Body
    {
        get => _body is { } body ? Encoding.UTF8.GetString(body) : null;
        set => _body = value is null ? null : Encoding.UTF8.GetBytes(value);
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return; // Closed by Dispose.
            }

            byte[]? body = _body;
            context.Response.StatusCode = body is null ? 500 : 200;
            context.Response.ContentType = ContentType;
            context.Response.Close(body ?? [], willBlock: false);
        }
    }
}
