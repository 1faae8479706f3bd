using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Discovery.Docker;

/// <summary>Asks a Docker daemon over its API, through TCP or a Unix socket.</summary>
internal sealed class DockerClient : IDisposable
{
    private const string UnixScheme = "unix://";
    private const string TcpScheme = "tcp://";
    private const int BodyBytesMax = 128 << 20;

    // The newest version of the API that is asked for; daemons that are older say so.
    private static readonly Version s_newest = new(1, 44);
    private static readonly Version s_oldest = new(1, 24);

    private readonly HttpClient _client;
    private readonly string _root;
    private Version? _version;

    /// <param name="host">Where the daemon is.</param>
    /// <param name="http">How to talk to it, if that is over HTTP.</param>
    /// <param name="timeout">How long a question may take.</param>
    /// <param name="clients">Makes the client.</param>
    public DockerClient(string host, HttpClientConfig http, TimeSpan timeout, HttpClientFactory clients)
    {
        if (host.StartsWith(UnixScheme, StringComparison.Ordinal))
        {
            _client = MakeSocketClient(host[UnixScheme.Length..]);
            _root = "http://docker";
        }
        else
        {
            bool isTcp = host.StartsWith(TcpScheme, StringComparison.Ordinal);
            _root = (isTcp ? "http://" + host[TcpScheme.Length..] : host).TrimEnd('/');
            if (!Uri.TryCreate(_root, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https"))
            {
                throw new DiscoveryException($"error setting up docker client: unable to parse docker host `{host}`");
            }

            _client = clients.Create(isTcp ? HttpClientConfig.Default : http);
        }

        _client.Timeout = timeout;
        _client.MaxResponseContentBufferSize = BodyBytesMax;
    }

    /// <summary>All objects of a kind that pass the filters.</summary>
    /// <exception cref="HttpRequestException">The daemon did not answer, or not with a list.</exception>
    public async Task<JsonDocument> ListAsync(string kind, IReadOnlyList<DockerFilter> filters, CancellationToken cancellationToken)
    {
        _version ??= await NegotiateAsync(cancellationToken);
        string query = filters.Count > 0 ? "?filters=" + Uri.EscapeDataString(Encode(filters)) : "";
        using HttpResponseMessage response = await _client.GetAsync($"{_root}/v{_version}/{kind}{query}", cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"error while listing {kind}: unexpected response code: {(int)response.StatusCode} {response.ReasonPhrase}");
        }

        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken);
        return await JsonDocument.ParseAsync(body, default, cancellationToken);
    }

    public void Dispose() => _client.Dispose();

    private static HttpClient MakeSocketClient(string path) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        AllowAutoRedirect = false,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
    });

    private async Task<Version> NegotiateAsync(CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _client.GetAsync(_root + "/_ping", cancellationToken);
        string? text = response.Headers.TryGetValues("Api-Version", out IEnumerable<string>? values) ? values.First() : null;
        return !Version.TryParse(text, out Version? theirs) ? s_oldest : theirs < s_newest ? theirs : s_newest;
    }

    // {"name":{"value":true}}, names and values in order.
    private static string Encode(IReadOnlyList<DockerFilter> filters)
    {
        var values = new SortedDictionary<string, SortedSet<string>>(StringComparer.Ordinal);
        foreach (DockerFilter filter in filters)
        {
            foreach (string value in filter.Values)
            {
                if (!values.TryGetValue(filter.Name, out SortedSet<string>? known))
                {
                    values[filter.Name] = known = new SortedSet<string>(StringComparer.Ordinal);
                }

                known.Add(value);
            }
        }

        return "{" + string.Join(",", values.Select(name => string.Create(
            CultureInfo.InvariantCulture,
            $"{Json(name.Key)}:{{{string.Join(",", name.Value.Select(value => Json(value) + ":true"))}}}"))) + "}";
    }

    private static string Json(string text) => "\"" + JsonEncodedText.Encode(text) + "\"";
}
