using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Text.Json;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;

namespace Narthex.Discovery.Kubernetes;

/// <summary>The API server said that a version is too old to go on from.</summary>
internal sealed class KubernetesGoneException() : Exception("the requested resource version is too old");

/// <summary>Lists and watches objects over the HTTP API of a cluster.</summary>
internal sealed class KubernetesClient : IDisposable
{
    private const int PageSize = 500;
    private const int EventBytesMax = 64 << 20;
    private static readonly TimeSpan s_listTimeout = TimeSpan.FromMinutes(1);

    private readonly string _server;
    private readonly KubernetesConnection _connection;
    private readonly KubernetesMetrics _metrics;
    private readonly TimeProvider _time;

    public KubernetesClient(KubernetesAccess access, HttpClientFactory clients, KubernetesMetrics metrics, TimeProvider time)
    {
        if (!Uri.TryCreate(access.Server, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new DiscoveryException($"{access.Server} is not the URL of a Kubernetes API server");
        }

        _server = access.Server;
        _connection = new KubernetesConnection(access, clients, time);
        _metrics = metrics;
        _time = time;
    }

    /// <summary>All objects of a path, page by page, and the version of the cluster that they show.</summary>
    public async Task<string> ListAsync(string path, string selectors, Action<JsonElement> onObject, CancellationToken cancellationToken)
    {
        string version = "";
        string next = "";
        do
        {
            using var deadline = new CancellationTokenSource(s_listTimeout, _time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
            string query = string.Create(CultureInfo.InvariantCulture, $"?limit={PageSize}{selectors}{(next.Length > 0 ? "&continue=" + Uri.EscapeDataString(next) : "")}");
            using HttpResponseMessage response = await GetAsync(path, query, both.Token);
            await using Stream body = await response.Content.ReadAsStreamAsync(both.Token);
            using JsonDocument page = await JsonDocument.ParseAsync(body, default, both.Token);
            foreach (JsonElement item in page.RootElement.Items("items"))
            {
                onObject(item);
            }

            version = page.RootElement.Child("metadata").Text("resourceVersion");
            next = page.RootElement.Child("metadata").Text("continue");
        }
        while (next.Length > 0);
        return version;
    }

    /// <summary>Hands on each event since a version, until the server ends the stream, which it does now and then.</summary>
    /// <exception cref="KubernetesGoneException">The server does not know any more what happened since.</exception>
    public async Task WatchAsync(
        string path, string selectors, string version, TimeSpan duration, Action<string, JsonElement> onEvent, CancellationToken cancellationToken)
    {
        // A connection that died silently must not be waited for for ever.
        using var deadline = new CancellationTokenSource(duration + s_listTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        string query = string.Create(
            CultureInfo.InvariantCulture,
            $"?watch=true&allowWatchBookmarks=true&resourceVersion={Uri.EscapeDataString(version)}&timeoutSeconds={(int)duration.TotalSeconds}{selectors}");
        using HttpResponseMessage response = await GetAsync(path, query, both.Token);
        PipeReader reader = PipeReader.Create(await response.Content.ReadAsStreamAsync(both.Token));
        try
        {
            while (true)
            {
                ReadResult result = await reader.ReadAsync(both.Token);
                ReadOnlySequence<byte> rest = result.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    Handle(rest.Slice(0, end), onEvent);
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (result.IsCompleted)
                {
                    return;
                }

                if (rest.Length > EventBytesMax)
                {
                    throw new InvalidDataException($"an event is longer than {EventBytesMax} bytes");
                }

                reader.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    public void Dispose() => _connection.Dispose();

    private static void Handle(ReadOnlySequence<byte> line, Action<string, JsonElement> onEvent)
    {
        if (line.IsEmpty)
        {
            return;
        }

        using JsonDocument document = JsonDocument.Parse(line);
        string type = document.RootElement.Text("type");
        JsonElement item = document.RootElement.Child("object");
        if (type == "ERROR")
        {
            throw item.Number("code") is (long)HttpStatusCode.Gone
                ? new KubernetesGoneException()
                : new HttpRequestException($"the watch failed: {item.Text("message")}");
        }

        onEvent(type, item);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string query, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        using var request = new HttpRequestMessage(HttpMethod.Get, _server + path + query);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        HttpResponseMessage response;
        try
        {
            response = await _connection.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            _metrics.Requests.WithLabels("<error>").Increment();
            throw;
        }

        _metrics.RequestDuration.WithLabels(path).Observe(_time.GetElapsedTime(started).TotalSeconds);
        _metrics.Requests.WithLabels(((int)response.StatusCode).ToString(CultureInfo.InvariantCulture)).Increment();
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw response.StatusCode == HttpStatusCode.Gone
                ? new KubernetesGoneException()
                : new HttpRequestException($"unexpected response code: {(int)response.StatusCode} {response.ReasonPhrase}");
        }
    }
}
