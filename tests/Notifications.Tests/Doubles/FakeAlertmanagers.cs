using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Threading.Channels;

namespace Narthex.Notifications.Tests.Doubles;

/// <summary>What an Alertmanager was sent.</summary>
internal sealed record ReceivedRequest(string Url, string Body, string ContentType)
{
    public int AlertCount => System.Text.Json.JsonDocument.Parse(Body).RootElement.GetArrayLength();

    public string[] AlertNames =>
        [.. System.Text.Json.JsonDocument.Parse(Body).RootElement.EnumerateArray().Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!)];
}

/// <summary>All Alertmanagers of a test, behind one handler. Each takes what it is sent, until it is told to refuse or to hold.</summary>
internal sealed class FakeAlertmanagers : HttpMessageHandler
{
    private readonly ConcurrentDictionary<string, HttpStatusCode> _statuses = new();
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _held = new();
    private readonly Channel<ReceivedRequest> _received = Channel.CreateUnbounded<ReceivedRequest>();

    public bool IsDisposed { get; private set; }

    /// <summary>The next request that came in, from whichever server.</summary>
    public async Task<ReceivedRequest> NextAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        return await _received.Reader.ReadAsync(deadline.Token);
    }

    public bool HasMore => _received.Reader.TryPeek(out _);

    public void Answer(string url, HttpStatusCode status) => _statuses[url] = status;

    /// <summary>Lets requests to that server wait until <see cref="Release"/>, after they were noted.</summary>
    public void Hold(string url) => _held[url] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Release(string url)
    {
        if (_held.TryRemove(url, out TaskCompletionSource? gate))
        {
            gate.SetResult();
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        string url = request.RequestUri!.AbsoluteUri;
        string body = Encoding.UTF8.GetString(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        await _received.Writer.WriteAsync(new ReceivedRequest(url, body, request.Content.Headers.ContentType!.ToString()), cancellationToken);
        if (_held.TryGetValue(url, out TaskCompletionSource? gate))
        {
            await gate.Task.WaitAsync(cancellationToken);
        }

        return new HttpResponseMessage(_statuses.GetValueOrDefault(url, HttpStatusCode.OK));
    }

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
