using System.Globalization;
using System.Net;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Http;

/// <summary>Asks a web server for targets at every refresh interval.</summary>
/// <remarks>An answer that is not complete and correct keeps the former targets.</remarks>
internal sealed class HttpDiscoverer : IDiscoverer, IDisposable
{
    private const string UrlLabel = "__meta_url";

    private readonly HttpSdConfig _config;
    private readonly HttpClient _client;
    private readonly DiscoveryMetrics _metrics;
    private readonly RefreshLoop _loop;
    private int _groupCount;

    public HttpDiscoverer(HttpSdConfig config, HttpClientFactory clients, DiscoveryMetrics metrics, RefreshLoop loop)
    {
        _config = config;
        _client = clients.Create(config.HttpClient);
        _client.Timeout = config.RefreshInterval;
        _metrics = metrics;
        _loop = loop;
    }

    public Task RunAsync(IProgress<IReadOnlyList<TargetGroup>> updates, CancellationToken cancellationToken) =>
        _loop.RunAsync(RefreshAsync, _config.Url, updates, _metrics.HttpFailures.Increment, cancellationToken);

    public void Dispose() => _client.Dispose();

    private async Task<IReadOnlyList<TargetGroup>> RefreshAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _config.Url);
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation(
            "X-Prometheus-Refresh-Interval-Seconds", _config.RefreshInterval.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture));
        using HttpResponseMessage response = await SendAsync(request, cancellationToken);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new HttpRequestException($"server returned HTTP status {(int)response.StatusCode} {response.ReasonPhrase}");
        }

        if (response.Content.Headers.ContentType?.MediaType is not "application/json")
        {
            throw new HttpRequestException($"unsupported content type {GoQuote.Quote(response.Content.Headers.ContentType?.ToString() ?? "")}");
        }

        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        List<TargetGroup> groups = [];
        foreach (StaticSdConfig group in TargetGroupFile.ParseJson(body))
        {
            groups.Add(new TargetGroup
            {
                Source = SourceName(groups.Count),
                Targets = [.. group.Targets.Select(address => Labels.FromStrings("__address__", address))],
                Labels = new LabelsBuilder().Reset(group.Labels).Set(UrlLabel, _config.Url).ToLabels(),
            });
        }

        int count = groups.Count;
        for (int i = count; i < _groupCount; i++)
        {
            groups.Add(new TargetGroup { Source = SourceName(i) });
        }

        _groupCount = count;
        return groups;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            string reason = e is OperationCanceledException ? "context deadline exceeded" : NetworkErrors.Explain(e, request.RequestUri!, isBody: false);
            throw new HttpRequestException($"Get {GoQuote.Quote(_config.Url)}: {reason}");
        }
    }

    private string SourceName(int index) => _config.Url + ":" + index.ToString(CultureInfo.InvariantCulture);
}
