using System.Net;
using System.Text.Json;
using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Promtool;

/// <summary>Talks to a server as <c>--http.config.file</c> says.</summary>
internal sealed class ServerClient : IDisposable
{
    private readonly HttpClient _client;
    private readonly Uri _server;
    private readonly IReadOnlyList<KeyValuePair<string, string>> _headers;

    private ServerClient(HttpClient client, Uri server, IReadOnlyList<KeyValuePair<string, string>> headers)
    {
        _client = client;
        _server = server;
        _headers = headers;
    }

    /// <summary>The client itself, for requests of other kinds.</summary>
    public HttpClient Http => _client;

    /// <summary>Makes a client for a server.</summary>
    /// <exception cref="ToolException">The settings cannot be used.</exception>
    public static ServerClient Open(string server, FlagValues? flags = null, IReadOnlyList<string>? headers = null)
    {
        HttpClientConfig config = HttpClientConfig.Default;
        if (flags?.Get(CommandParts.HttpConfigFile) is { Length: > 0 } path)
        {
            try
            {
                config = HttpClientFile.Load(path);
            }
            catch (ConfigurationException error)
            {
                throw new ToolException($"promtool: error: Failed to load HTTP config file: {error.Message}", error);
            }
        }

        string full = server.Contains("://", StringComparison.Ordinal) ? server : "http://" + server;
        if (!Uri.TryCreate(full, UriKind.Absolute, out Uri? uri))
        {
            throw new ToolException($"invalid URL: parse {GoQuote.Quote(server)}: invalid URI for request");
        }

        try
        {
            return new ServerClient(new HttpClientFactory("promtool/" + BuildInformation.CompatibleVersion).Create(config), uri, [.. (headers ?? []).Select(ParseHeader)]);
        }
        catch (HttpClientConfigException error)
        {
            throw new ToolException($"promtool: error: Failed to load HTTP config file: {error.Message}", error);
        }
    }

    /// <summary>Splits <c>name=value</c>, or <c>name: value</c> as other tools write headers.</summary>
    public static KeyValuePair<string, string> ParseHeader(string text)
    {
        int at = text.AsSpan().IndexOfAny(':', '=');
        return at > 0 ? new(text[..at].Trim(), text[(at + 1)..].Trim()) : throw new ToolException($"expected KEY=VALUE got '{text}'");
    }

    /// <summary>The address of a path on the server.</summary>
    public Uri UrlOf(string pathAndQuery) => new(_server.GetLeftPart(UriPartial.Path).TrimEnd('/') + pathAndQuery);

    /// <summary>Asks for a path and returns status and body.</summary>
    /// <exception cref="ToolException">There was no answer.</exception>
    public async Task<(HttpStatusCode Status, byte[] Body)> GetAsync(string pathAndQuery, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, UrlOf(pathAndQuery));
        return await SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks the API and returns the whole answer, whose <c>data</c> is there.</summary>
    /// <exception cref="ToolException">There was no answer, or it was an error.</exception>
    public async Task<JsonDocument> AskAsync(HttpMethod method, string path, IReadOnlyList<KeyValuePair<string, string>> parameters, CancellationToken cancellationToken)
    {
        string query = string.Join('&', parameters.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value)}"));
        bool isPost = method == HttpMethod.Post;
        using var request = new HttpRequestMessage(method, UrlOf(isPost ? path : $"{path}?{query}"));
        if (isPost)
        {
            request.Content = new StringContent(query, System.Text.Encoding.UTF8, "application/x-www-form-urlencoded");
        }

        (HttpStatusCode status, byte[] body) = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException)
        {
            string detail = System.Text.Encoding.UTF8.GetString(body).Trim();
            string fault = (int)status >= 500 ? $"server_error: server error: {(int)status}" : $"client_error: client error: {(int)status}";
            throw new ToolException(detail.Length > 0 ? $"{fault} (detail: {detail})" : fault);
        }

        JsonElement root = document.RootElement;
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("status", out JsonElement state) && state.GetString() == "success" && root.TryGetProperty("data", out _))
        {
            return document;
        }

        using (document)
        {
            throw new ToolException(root.ValueKind == JsonValueKind.Object && root.TryGetProperty("errorType", out JsonElement type)
                ? $"{type.GetString()}: {root.GetProperty("error").GetString()}"
                : $"bad_response: bad response code {(int)status}");
        }
    }

    /// <summary>Sends a request.</summary>
    /// <exception cref="ToolException">There was no answer.</exception>
    public async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        foreach ((string name, string value) in _headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, value);
            }
        }

        bool isBody = false;
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            isBody = true;
            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception error) when (error is HttpRequestException or IOException or HttpClientConfigException or InvalidOperationException)
        {
            string method = request.Method == HttpMethod.Post ? "Post" : "Get";
            throw new ToolException($"{method} {GoQuote.Quote(request.RequestUri!.ToString())}: {NetworkErrors.Explain(error, request.RequestUri, isBody)}", error);
        }
    }

    public void Dispose() => _client.Dispose();
}
