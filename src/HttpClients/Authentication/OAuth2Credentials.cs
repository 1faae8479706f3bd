using System.Text;
using Narthex.Model;

namespace Narthex.HttpClients.Authentication;

/// <summary>
/// Gets access tokens by the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4), or for a statement that the client signs (RFC 7523), and
/// keeps them until shortly before they expire.
/// </summary>
internal sealed class OAuth2Credentials : CredentialSource
{
    // A token must not expire on its way to the server.
    private static readonly TimeSpan s_margin = TimeSpan.FromSeconds(10);

    private readonly OAuth2Config _config;
    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _one = new(1, 1);
    private Token? _token;

    public OAuth2Credentials(OAuth2Config config, Func<HttpClientConfig, HttpClient> createClient, TimeProvider time)
    {
        RefuseReference(config.ClientSecretRef, "client secret");
        RefuseReference(config.ClientCertificateKeyRef, "client certificate");
        _config = config;
        _time = time;
        _client = createClient(new HttpClientConfig { Tls = config.Tls, Proxy = config.Proxy });
    }

    public override async ValueTask<string?> GetHeaderValueAsync(CancellationToken cancellationToken)
    {
        string secret = _config.IsJwtBearer
            ? FileOr(_config.ClientCertificateKeyFile, _config.ClientCertificateKey.Reveal(), "oauth2 client certificate")
            : FileOr(_config.ClientSecretFile, _config.ClientSecret.Reveal(), "oauth2 client secret");
        if (_token is { } token && token.IsGood(_time, secret))
        {
            return token.HeaderValue;
        }

        // Many scrapes start at once: one asks, the others wait for its answer.
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_token is not { } current || !current.IsGood(_time, secret))
            {
                _token = current = await RequestAsync(secret, cancellationToken);
            }

            return current.HeaderValue;
        }
        finally
        {
            _one.Release();
        }
    }

    public override void Dispose()
    {
        _client.Dispose();
        _one.Dispose();
        base.Dispose();
    }

    private async Task<Token> RequestAsync(string secret, CancellationToken cancellationToken)
    {
        List<KeyValuePair<string, string>> form = _config.IsJwtBearer
            ? [new("grant_type", OAuth2Config.JwtBearer), new("assertion", JwtAssertion.Create(_config, secret, _time.GetUtcNow()))]
            : [new("grant_type", "client_credentials")];
        if (_config.Scopes.Count > 0 && !_config.IsJwtBearer)
        {
            form.Add(new("scope", string.Join(' ', _config.Scopes)));
        }

        form.AddRange(_config.EndpointParams);
        using var request = new HttpRequestMessage(HttpMethod.Post, _config.TokenUrl) { Content = new FormUrlEncodedContent(form) };
        if (!_config.IsJwtBearer)
        {
            string userAndSecret = Uri.EscapeDataString(_config.ClientId) + ":" + Uri.EscapeDataString(secret);
            request.Headers.TryAddWithoutValidation("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(userAndSecret)));
        }

        using HttpResponseMessage response = await SendAsync(request, cancellationToken);
        byte[] body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var answer = OAuth2Answer.Read(response, body);
        DateTimeOffset end = answer.Lifetime is { } life ? _time.GetUtcNow() + life - s_margin : DateTimeOffset.MaxValue;
        return new Token(answer.Type + " " + answer.AccessToken, end, secret);
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            // Without the cause, which would look like a fault of the request that the token is for.
            Uri uri = request.RequestUri!;
            throw new HttpRequestException($"Post {GoQuote.Quote(uri.AbsoluteUri)}: {NetworkErrors.Explain(e, uri, isBody: false)}");
        }
    }

    private sealed record Token(string HeaderValue, DateTimeOffset GoodUntil, string Secret)
    {
        // A rotated secret asks for a new token.
        public bool IsGood(TimeProvider time, string secret) => time.GetUtcNow() < GoodUntil && Secret == secret;
    }
}
