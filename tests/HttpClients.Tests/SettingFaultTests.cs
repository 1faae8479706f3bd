using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Narthex.HttpClients.Tests;

/// <summary>What settings that cannot be used say, in the words of the real server.</summary>
public sealed class SettingFaultTests
{
    public static TheoryData<string, HttpClientConfig> Unusable => new()
    {
        { "unable to use username: cannot use secret ref without manager", new() { BasicAuth = new BasicAuthConfig { UsernameRef = "r" } } },
        { "unable to use password: cannot use secret ref without manager", new() { BasicAuth = new BasicAuthConfig { Username = "u", PasswordRef = "r" } } },
        { "unable to use credentials: cannot use secret ref without manager", new() { Authorization = new AuthorizationConfig { CredentialsRef = "r" } } },
        { "unable to use client secret: cannot use secret ref without manager", new() { OAuth2 = new OAuth2Config { ClientSecretRef = "r", TokenUrl = "http://h/" } } },
        { "unable to use CA cert: cannot use secret ref without manager", new() { Tls = new TlsConfig { CaRef = "r" } } },
        { "unable to use client cert: cannot use secret ref without manager", new() { Tls = new TlsConfig { CertRef = "r", Key = new Secret("k") } } },
        { "unable to use client key: cannot use secret ref without manager", new() { Tls = new TlsConfig { Cert = "c", KeyRef = "r" } } },
        { "unable to read CA cert: unable to read file /nobody/ca: open /nobody/ca: no such file or directory", new() { Tls = new TlsConfig { CaFile = "/nobody/ca" } } },
        { "unable to read CA cert: unable to read file /proc: read /proc: is a directory", new() { Tls = new TlsConfig { CaFile = "/proc" } } },
        {
            "tls_config.max_version must be greater than or equal to tls_config.min_version if both are specified",
            new() { Tls = new TlsConfig { MinVersion = TlsVersion.Tls13, MaxVersion = TlsVersion.Tls12 } }
        },
        {
            "unable to use specified client cert (inline) & key (inline): tls: failed to find any PEM data in certificate input",
            new() { Tls = new TlsConfig { Cert = "garbage", Key = new Secret("garbage") } }
        },
        { "unable to use specified CA cert inline", new() { Tls = new TlsConfig { Ca = "garbage" } } },
        {
            "unable to read specified client cert: unable to read file /nobody/cert: open /nobody/cert: no such file or directory",
            new() { Tls = new TlsConfig { CertFile = "/nobody/cert", KeyFile = "/nobody/key" } }
        },
    };

    public static TheoryData<string, HttpClientConfig> Unreadable => new()
    {
        {
            "unable to read basic auth password: unable to read file /nobody/p: open /nobody/p: no such file or directory",
            new() { BasicAuth = new BasicAuthConfig { Username = "u", PasswordFile = "/nobody/p" } }
        },
        {
            "unable to read authorization credentials: unable to read file /nobody/c: open /nobody/c: no such file or directory",
            new() { Authorization = new AuthorizationConfig { CredentialsFile = "/nobody/c" } }
        },
        {
            "unable to read oauth2 client secret: unable to read file /nobody/s: open /nobody/s: no such file or directory",
            new() { OAuth2 = new OAuth2Config { ClientSecretFile = "/nobody/s", TokenUrl = "http://h/" } }
        },
        {
            "unable to read headers file /nobody/h: open /nobody/h: no such file or directory",
            new() { HttpHeaders = new([new("X-A", new HeaderConfig { Files = ["/nobody/h"] })]) }
        },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public void A_client_is_not_made_of_settings_that_cannot_be_used(string error, HttpClientConfig config) =>
        Assert.Equal(error, Assert.Throws<HttpClientConfigException>(() => new HttpClientFactory().Create(config).Dispose()).Message);

    [Theory]
    [MemberData(nameof(Unreadable))]
    public async Task A_request_says_which_file_it_cannot_read(string error, HttpClientConfig config) => Assert.Equal(error, await ExplainAsync(config, new Uri("http://127.0.0.1:1/")));

    [Fact]
    public async Task A_refused_connection_names_the_address_that_was_tried()
    {
        int port = FreePort();
        Assert.Equal($"dial tcp 127.0.0.1:{port}: connect: connection refused", await ExplainAsync(HttpClientConfig.Default, new Uri($"http://127.0.0.1:{port}/")));
        string named = await ExplainAsync(HttpClientConfig.Default, new Uri($"http://localhost:{port}/"));
        Assert.Contains(named, (string[])[$"dial tcp 127.0.0.1:{port}: connect: connection refused", $"dial tcp [::1]:{port}: connect: connection refused"]);
    }

    [Theory]
    [InlineData("http://host.test/")]
    [InlineData("https://host.test/")]
    public async Task A_proxy_that_is_not_there_is_told_from_the_target(string url)
    {
        int port = FreePort();
        foreach (string name in (string[])["", "other.test"])
        {
            var config = new HttpClientConfig { Proxy = new ProxyConfig { Url = $"http://127.0.0.1:{port}" }, Tls = new TlsConfig { ServerName = name } };
            Assert.Equal($"proxyconnect tcp: dial tcp 127.0.0.1:{port}: connect: connection refused", await ExplainAsync(config, new Uri(url)));
        }
    }

    [Fact]
    public async Task A_token_service_that_is_not_there_is_told_from_the_target()
    {
        int port = FreePort();
        var config = new HttpClientConfig { OAuth2 = new OAuth2Config { ClientId = "a", TokenUrl = $"http://127.0.0.1:{port}/token" } };
        Assert.Equal($"Post \"http://127.0.0.1:{port}/token\": dial tcp 127.0.0.1:{port}: connect: connection refused", await ExplainAsync(config, new Uri("http://127.0.0.1:1/")));
    }

    [Theory]
    [InlineData("", "RS256")]
    [InlineData("RS512", "RS512")]
    public async Task A_signed_statement_gets_a_token_without_a_secret(string setting, string algorithm)
    {
        using var key = RSA.Create(2048);
        string form = "";
        await using LoopbackServer server = await LoopbackServer.StartAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                using var reader = new StreamReader(context.Request.Body);
                form = await reader.ReadToEndAsync();
                await context.Response.WriteAsync("{\"access_token\":\"abc\",\"token_type\":\"bearer\"}");
                return;
            }

            context.Response.Headers["Seen"] = context.Request.Headers.Authorization;
        });
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            OAuth2 = new OAuth2Config
            {
                GrantType = OAuth2Config.JwtBearer, ClientId = "me", ClientCertificateKey = new Secret(key.ExportPkcs8PrivateKeyPem()), ClientCertificateKeyId = "k1",
                SignatureAlgorithm = setting, Audience = "them", Scopes = ["a", "b"], Claims = new([new("extra", "1")]), TokenUrl = server.Url + "/token",
            },
        });
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Url + "/"));
        Assert.Equal("Bearer abc", response.Headers.GetValues("Seen").Single());
        Dictionary<string, string> fields = QueryHelpers.ParseQuery(form).ToDictionary(field => field.Key, field => field.Value.ToString());
        Assert.Equal(["assertion", "grant_type"], fields.Keys.Order());
        string[] parts = fields["assertion"].Split('.');
        Assert.Equal($"{{\"alg\":\"{algorithm}\",\"typ\":\"JWT\",\"kid\":\"k1\"}}", Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(parts[0])));
        using JsonDocument claims = JsonDocument.Parse(WebEncoders.Base64UrlDecode(parts[1]));
        Assert.Equal(
            ["iss=me", "sub=me", "aud=them", "scope=a b", "extra=1", "iat", "exp"],
            claims.RootElement.EnumerateObject().Select(claim => claim.Value.ValueKind == JsonValueKind.String ? $"{claim.Name}={claim.Value}" : claim.Name));
        Assert.Equal(3600, claims.RootElement.GetProperty("exp").GetInt64() - claims.RootElement.GetProperty("iat").GetInt64());
        Assert.True(key.VerifyData(
            Encoding.ASCII.GetBytes(parts[0] + "." + parts[1]), WebEncoders.Base64UrlDecode(parts[2]),
            algorithm == "RS512" ? HashAlgorithmName.SHA512 : HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static async Task<string> ExplainAsync(HttpClientConfig config, Uri uri)
    {
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(config);
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(uri));
        return NetworkErrors.Explain(error, uri, isBody: false);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
