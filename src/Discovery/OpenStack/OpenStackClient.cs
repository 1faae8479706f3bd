using System.Text;
using System.Text.Json;
using Narthex.Configuration;
using Narthex.Discovery.Refreshing;
using Narthex.HttpClients;

namespace Narthex.Discovery.OpenStack;

/// <summary>Logs in to Keystone v3 and asks the services of its catalog.</summary>
internal sealed class OpenStackClient : IDisposable
{
    private const int BodyBytesMax = 128 << 20;
    private const int PagesMax = 10_000;

    private readonly OpenStackSdConfig _config;
    private readonly OpenStackLogin _login;
    private readonly HttpClient _client;

    public OpenStackClient(OpenStackSdConfig config, HttpClientFactory clients, Func<string, string?> environment)
    {
        _config = config;
        _login = OpenStackLogin.Of(config, environment);
        if (!Uri.TryCreate(_login.Endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
        {
            throw new DiscoveryException($"{_login.Endpoint} is not the address of an identity service");
        }

        _client = clients.Create(HttpClientConfig.Default with { Tls = config.Tls });
        _client.Timeout = config.RefreshInterval;
        _client.MaxResponseContentBufferSize = BodyBytesMax;
    }

    /// <summary>Logs in for one refresh.</summary>
    /// <exception cref="HttpRequestException">Keystone did not let us in.</exception>
    public async Task<OpenStackSession> LogInAsync(CancellationToken cancellationToken)
    {
        string identity = await FindIdentityAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, identity + "auth/tokens");
        request.Content = new StringContent(_login.ToRequest().ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode || !response.Headers.TryGetValues("X-Subject-Token", out IEnumerable<string>? tokens))
        {
            throw new HttpRequestException($"could not authenticate to OpenStack: {(int)response.StatusCode} {response.ReasonPhrase}");
        }

        using JsonDocument body = await ReadAsync(response, cancellationToken);
        var endpoints = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonElement service in body.RootElement.Child("token").Items("catalog"))
        {
            JsonElement endpoint = service.Items("endpoints").FirstOrDefault(IsWanted);
            if (endpoint.Text("url") is { Length: > 0 } url)
            {
                endpoints.TryAdd(service.Text("type"), url.EndsWith('/') ? url : url + "/");
            }
        }

        return new OpenStackSession(this, tokens.First(), endpoints);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Reads all pages of a list and calls back for each item while its page lasts.</summary>
    internal async Task ReadListAsync(string address, string token, string list, Action<JsonElement> onItem, CancellationToken cancellationToken)
    {
        var place = new Uri(address);
        for (int page = 0; page < PagesMax; page++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, place);
            request.Headers.TryAddWithoutValidation("X-Auth-Token", token);
            request.Headers.TryAddWithoutValidation("Accept", "application/json");
            using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw new HttpRequestException($"could not list {list}: {(int)response.StatusCode} {response.ReasonPhrase}");
            }

            using JsonDocument body = await ReadAsync(response, cancellationToken);
            foreach (JsonElement item in body.RootElement.Items(list))
            {
                onItem(item);
            }

            string next = body.RootElement.Items(list + "_links").FirstOrDefault(link => link.Text("rel") == "next").Text("href");
            if (next.Length == 0)
            {
                return;
            }

            // The token is for this service only.
            var following = new Uri(place, next);
            place = following.Authority == place.Authority && following.Scheme == place.Scheme
                ? following
                : throw new HttpRequestException($"the list of {list} goes on at another server");
        }

        throw new HttpRequestException($"the list of {list} has no end");
    }

    // An address with a version is taken as it is; otherwise Keystone says where its third version lives.
    private async Task<string> FindIdentityAsync(CancellationToken cancellationToken)
    {
        string endpoint = _login.Endpoint.EndsWith('/') ? _login.Endpoint : _login.Endpoint + "/";
        if (endpoint.EndsWith("/v3/", StringComparison.Ordinal))
        {
            return endpoint;
        }

        using HttpResponseMessage response = await _client.GetAsync(endpoint, cancellationToken);
        using JsonDocument body = await ReadAsync(response, cancellationToken);
        JsonElement version = body.RootElement.Child("versions").Items("values")
            .FirstOrDefault(version => version.Text("id").StartsWith("v3", StringComparison.Ordinal));
        string address = version.Items("links").FirstOrDefault(link => link.Text("rel") == "self").Text("href");
        return address.Length == 0 ? endpoint + "v3/" : address.EndsWith('/') ? address : address + "/";
    }

    private bool IsWanted(JsonElement endpoint) =>
        endpoint.Text("interface") == _config.Availability && (endpoint.Text("region") == _config.Region || endpoint.Text("region_id") == _config.Region);

    private static async Task<JsonDocument> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await JsonDocument.ParseAsync(body, default, cancellationToken);
    }
}

/// <summary>What a login gave: a token and the endpoints of the services in the wanted region.</summary>
internal sealed class OpenStackSession(OpenStackClient client, string token, Dictionary<string, string> endpoints)
{
    public Task ReadComputeAsync(string path, string list, Action<JsonElement> onItem, CancellationToken cancellationToken) =>
        client.ReadListAsync(Endpoint("compute") + path, token, list, onItem, cancellationToken);

    public Task ReadNetworkAsync(string path, string list, Action<JsonElement> onItem, CancellationToken cancellationToken) =>
        client.ReadListAsync(Versioned("network") + path, token, list, onItem, cancellationToken);

    public Task ReadLoadBalancerAsync(string path, string list, Action<JsonElement> onItem, CancellationToken cancellationToken) =>
        client.ReadListAsync(Versioned("load-balancer") + path, token, list, onItem, cancellationToken);

    // Endpoints of these services are registered with or without the version.
    private string Versioned(string service)
    {
        string endpoint = Endpoint(service);
        return endpoint.EndsWith("/v2.0/", StringComparison.Ordinal) ? endpoint : endpoint + "v2.0/";
    }

    private string Endpoint(string service) => endpoints.TryGetValue(service, out string? endpoint)
        ? endpoint
        : throw new HttpRequestException($"could not create OpenStack {service} session: No suitable endpoint could be found in the service catalog.");
}
