using System.Globalization;
using System.Text;
using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;

namespace Narthex.Discovery.Consul;

/// <summary>An answer and the state that it shows.</summary>
internal sealed record ConsulAnswer(JsonDocument Body, ulong Index) : IDisposable
{
    public void Dispose() => Body.Dispose();
}

/// <summary>Asks a Consul agent over its HTTP API.</summary>
internal sealed class ConsulClient : IDisposable
{
    // A blocking query is held this long when nothing changes; the agent adds up to a sixteenth of it.
    private static readonly TimeSpan s_wait = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan s_timeout = s_wait + TimeSpan.FromSeconds(15);
    private const int BodyBytesMax = 128 << 20;

    private readonly ConsulSdConfig _config;
    private readonly HttpClient _client;
    private readonly string _root;

    public ConsulClient(ConsulSdConfig config, HttpClientFactory clients)
    {
        _config = config;
        string prefix = config.PathPrefix.Trim('/');
        string server = config.Server.Contains("://", StringComparison.Ordinal) ? config.Server.TrimEnd('/') : $"{config.Scheme}://{config.Server}";
        _root = prefix.Length == 0 ? server : server + "/" + prefix;
        if (!Uri.TryCreate(_root, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new DiscoveryException($"{server} is not the address of a Consul server");
        }

        _client = clients.Create(config.HttpClient);
        _client.Timeout = s_timeout;
        _client.MaxResponseContentBufferSize = BodyBytesMax;
    }

    /// <summary>Which data center the agent belongs to.</summary>
    public async Task<string> GetDatacenterAsync(CancellationToken cancellationToken)
    {
        using ConsulAnswer answer = await GetAsync("/v1/agent/self", "", cancellationToken);
        return answer.Body.RootElement.Child("Config").Text("Datacenter") is { Length: > 0 } datacenter
            ? datacenter
            : throw new HttpRequestException("the agent does not name its data center");
    }

    /// <summary>The catalog's services with their tags; waits until they differ from those of an index.</summary>
    public Task<ConsulAnswer> GetServicesAsync(ulong index, CancellationToken cancellationToken) =>
        GetAsync("/v1/catalog/services", Query(index, _config.Filter, []), cancellationToken);

    /// <summary>The instances of a service with their nodes and checks; waits until they differ from those of an index.</summary>
    public Task<ConsulAnswer> GetInstancesAsync(string service, ulong index, CancellationToken cancellationToken) =>
        GetAsync("/v1/health/service/" + Uri.EscapeDataString(service), Query(index, _config.HealthFilter, _config.Tags), cancellationToken);

    public void Dispose() => _client.Dispose();

    private string Query(ulong index, string filter, IEnumerable<string> tags)
    {
        var query = new StringBuilder();
        Add("dc", _config.Datacenter);
        Add("ns", _config.Namespace);
        Add("partition", _config.Partition);
        Add("filter", filter);
        foreach (string tag in tags)
        {
            Add("tag", tag);
        }

        foreach ((string key, string value) in _config.NodeMeta)
        {
            Add("node-meta", key + ":" + value);
        }

        if (index > 0)
        {
            Add("index", index.ToString(CultureInfo.InvariantCulture));
        }

        Add("wait", s_wait.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + "ms");
        if (_config.AllowStale)
        {
            query.Append("&stale=");
        }

        query[0] = '?';
        return query.ToString();

        void Add(string name, string value)
        {
            if (value.Length > 0)
            {
                query.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }
        }
    }

    private async Task<ConsulAnswer> GetAsync(string path, string query, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _root + path + query);
        if (!_config.Token.IsEmpty)
        {
            request.Headers.TryAddWithoutValidation("X-Consul-Token", _config.Token.Reveal());
        }

        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"unexpected response code: {(int)response.StatusCode} {response.ReasonPhrase}");
        }

        ulong index = response.Headers.TryGetValues("X-Consul-Index", out IEnumerable<string>? values)
            && ulong.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) ? value : 0;
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return new ConsulAnswer(await JsonDocument.ParseAsync(body, default, cancellationToken), index);
    }
}
