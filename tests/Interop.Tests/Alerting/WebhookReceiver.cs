using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Narthex.Tests;

namespace Narthex.Interop.Tests.Alerting;

/// <summary>Where Alertmanagers tell people: keeps what each of them says, by the path that it says it to.</summary>
internal sealed class WebhookReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<JsonElement>> _alerts = new(StringComparer.Ordinal);

    public WebhookReceiver()
    {
        Port = ServerProcess.FreePort();
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _ = ServeAsync();
    }

    private int Port { get; }

    /// <summary>The configuration of an Alertmanager that tells at once, each alert for itself.</summary>
    public string ConfigurationOf(string name) => $$"""
        route: {receiver: hook, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
        receivers: [{name: hook, webhook_configs: [{url: 'http://127.0.0.1:{{Port}}/{{name}}', send_resolved: true}]}]
        """;

    /// <summary>All alerts that an Alertmanager has told of, as often as it has told of them, in their order.</summary>
    public IReadOnlyList<JsonElement> ToldBy(string name) => _alerts.TryGetValue("/" + name, out ConcurrentQueue<JsonElement>? alerts) ? [.. alerts] : [];

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

            using JsonDocument message = await JsonDocument.ParseAsync(context.Request.InputStream);
            ConcurrentQueue<JsonElement> alerts = _alerts.GetOrAdd(context.Request.Url!.AbsolutePath, _ => new());
            foreach (JsonElement alert in message.RootElement.GetProperty("alerts").EnumerateArray())
            {
                alerts.Enqueue(alert.Clone());
            }

            context.Response.Close();
        }
    }
}
