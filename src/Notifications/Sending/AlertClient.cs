using System.Buffers;
using System.Net.Http.Headers;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Notifications.Sending;

/// <summary>Hands batches of alerts to one Alertmanager. One request at a time.</summary>
internal sealed class AlertClient
{
    // Timers cannot wait for longer; nobody means to.
    private static readonly TimeSpan s_timeoutMax = TimeSpan.FromDays(40);

    // A batch of ordinary alerts fits. What a few with endless annotations needed is not kept.
    private const int KeptBytesMax = 1024 * 1024;

    private static readonly MediaTypeHeaderValue s_json = new("application/json");

    private readonly HttpClient _http;
    private readonly string _url;
    private readonly Uri? _uri;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private ArrayBufferWriter<byte> _body = new();

    public AlertClient(HttpClient http, string url, TimeSpan timeout, TimeProvider time)
    {
        _http = http;
        _url = url;
        _timeout = timeout < s_timeoutMax ? timeout : s_timeoutMax;
        _time = time;

        // The address can be anything that relabelling makes. The path goes out as it is written.
        Uri.TryCreate(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }, out _uri);
    }

    /// <summary>Sends alerts. Any status from 200 to 299 means that they were taken.</summary>
    /// <exception cref="AlertSendException">They were not.</exception>
    public async Task SendAsync(IReadOnlyList<AlertNotification> alerts)
    {
        if (_uri is null || _uri.Scheme is not ("http" or "https"))
        {
            throw new AlertSendException($"Post {GoQuote.Quote(_url)}: the URL cannot be used");
        }

        AlertJson.Write(alerts, _body);
        try
        {
            await PostAsync(_uri);
        }
        finally
        {
            _body.ResetWrittenCount();
            _body = _body.Capacity > KeptBytesMax ? new ArrayBufferWriter<byte>() : _body;
        }
    }

    private async Task PostAsync(Uri uri)
    {
        using var deadline = new CancellationTokenSource(_timeout, _time);
        using var request = new HttpRequestMessage(HttpMethod.Post, uri)
        {
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
            Content = new ReadOnlyMemoryContent(_body.WrittenMemory) { Headers = { ContentType = s_json } },
        };
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw new AlertSendException($"bad response status {(int)response.StatusCode} {response.ReasonPhrase}");
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException or UnauthorizedAccessException)
        {
            bool isLate = deadline.IsCancellationRequested || error is OperationCanceledException;
            string reason = isLate ? "context deadline exceeded" : NetworkErrors.Explain(error, uri, isBody: false);
            throw new AlertSendException($"Post {GoQuote.Quote(_url)}: {reason}", isLate, error);
        }
    }
}

/// <summary>An Alertmanager did not take a batch.</summary>
internal sealed class AlertSendException(string message, bool isTimeout = false, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether it did not answer in time, rather than refuse.</summary>
    public bool IsTimeout { get; } = isTimeout;
}
