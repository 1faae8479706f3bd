using System.Net;
using Narthex.HttpClients;

namespace Narthex.Discovery.Kubernetes;

/// <summary>Sends requests to an API server, with the credentials that are good at the moment.</summary>
internal sealed class KubernetesConnection : IDisposable
{
    private readonly HttpClientConfig _config;
    private readonly HttpClientFactory _clients;
    private readonly KubernetesCredentials? _credentials;
    private readonly Lock _lock = new();
    private HttpClient _client;
    private HttpClient? _former;
    private string _certificate = "";

    public KubernetesConnection(KubernetesAccess access, HttpClientFactory clients, TimeProvider time)
    {
        _config = access.HttpClient;
        _clients = clients;
        _client = clients.Create(access.HttpClient);
        _credentials = access.Exec is null ? null : new KubernetesCredentials(access.Exec, time);
    }

    /// <summary>Sends a request; the body is still to be read.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        KubernetesCredential? credential = _credentials is null ? null : await _credentials.GetAsync(cancellationToken);
        HttpClient client = ClientFor(credential);
        request.Version = client.DefaultRequestVersion;
        request.VersionPolicy = client.DefaultVersionPolicy;
        if (credential?.Token.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Authorization", "Bearer " + credential.Token);
        }

        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Unauthorized && credential is not null)
        {
            _credentials!.Refuse(credential);
        }

        return response;
    }

    public void Dispose()
    {
        _client.Dispose();
        _former?.Dispose();
        _credentials?.Dispose();
    }

    private HttpClient ClientFor(KubernetesCredential? credential)
    {
        lock (_lock)
        {
            if (credential is null || credential.Certificate == _certificate)
            {
                return _client;
            }

            HttpClient next;
            try
            {
                next = credential.Certificate.Length == 0 ? _clients.Create(_config)
                    : _clients.Create(_config with { Tls = _config.Tls with { Cert = credential.Certificate, CertFile = "", Key = new Secret(credential.Key), KeyFile = "" } });
            }
            catch (HttpClientConfigException e)
            {
                throw new HttpRequestException("getting credentials: " + e.Message, e);
            }

            // Watches that run go on with the certificate before, and end soon by themselves.
            _former?.Dispose();
            (_former, _client, _certificate) = (_client, next, credential.Certificate);
            return next;
        }
    }
}
