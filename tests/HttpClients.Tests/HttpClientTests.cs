using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Http;
using Narthex.Model;

namespace Narthex.HttpClients.Tests;

public sealed class HttpClientTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("narthex-http-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Basic_credentials_are_sent_and_files_are_read_anew()
    {
        await using LoopbackServer server = await EchoHeaderAsync("Authorization");
        string passwordFile = Write("password", "first\n");
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            BasicAuth = new BasicAuthConfig { Username = "u", PasswordFile = passwordFile },
        });

        string before = await client.GetStringAsync(server.Url);
        File.WriteAllText(passwordFile, "second");
        string after = await client.GetStringAsync(server.Url);

        Assert.Equal("Basic " + Convert.ToBase64String("u:first"u8), before);
        Assert.Equal("Basic " + Convert.ToBase64String("u:second"u8), after);
    }

    [Fact]
    public async Task Authorization_takes_its_type_and_a_header_on_the_request_wins()
    {
        await using LoopbackServer server = await EchoHeaderAsync("Authorization");
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            Authorization = new AuthorizationConfig { Type = "Token", Credentials = new Secret("s3cret") },
        });
        using var own = new HttpRequestMessage(HttpMethod.Get, server.Url);
        own.Headers.TryAddWithoutValidation("Authorization", "mine");

        using HttpResponseMessage answer = await client.SendAsync(own);

        Assert.Equal("Token s3cret", await client.GetStringAsync(server.Url));
        Assert.Equal("mine", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_missing_credentials_file_fails_the_request_and_names_the_file()
    {
        await using LoopbackServer server = await EchoHeaderAsync("Authorization");
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            Authorization = new AuthorizationConfig { CredentialsFile = Path.Combine(_folder, "nothing") },
        });

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync(server.Url));

        Assert.Contains("nothing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configured_headers_are_sent_with_values_secrets_and_files()
    {
        await using LoopbackServer server = await EchoHeaderAsync("X-Test");
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            HttpHeaders = new EquatableMap<HeaderConfig>(
            [
                new("X-Test", new HeaderConfig { Values = ["a"], Secrets = [new Secret("b")], Files = [Write("header", "c\n")] }),
            ]),
        });

        Assert.Equal("a,b,c", (await client.GetStringAsync(server.Url)).Replace(" ", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_user_agent_is_sent()
    {
        await using LoopbackServer server = await EchoHeaderAsync("User-Agent");
        using HttpClient client = new HttpClientFactory("Prometheus/9.9").Create(HttpClientConfig.Default);

        Assert.Equal("Prometheus/9.9", await client.GetStringAsync(server.Url));
    }

    [Fact]
    public async Task A_redirect_to_the_same_server_keeps_credentials_and_one_to_another_loses_them()
    {
        await using LoopbackServer other = await EchoHeaderAsync("Authorization");
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            switch (context.Request.Path.Value)
            {
                case "/same":
                    context.Response.Redirect("/echo");
                    return Task.CompletedTask;
                case "/other":
                    context.Response.Redirect(other.Url + "/echo");
                    return Task.CompletedTask;
                default:
                    return context.Response.WriteAsync(context.Request.Headers.Authorization.ToString());
            }
        });
        using HttpClient client = new HttpClientFactory().Create(WithToken("t"));

        Assert.Equal("Bearer t", await client.GetStringAsync(server.Url + "/same"));
        Assert.Equal("", await client.GetStringAsync(server.Url + "/other"));
    }

    [Fact]
    public async Task Redirects_are_not_followed_when_switched_off_and_not_forever()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Redirect("/again");
            return Task.CompletedTask;
        });
        using HttpClient staying = new HttpClientFactory().Create(new HttpClientConfig { FollowRedirects = false });
        using HttpClient following = new HttpClientFactory().Create(HttpClientConfig.Default);

        using HttpResponseMessage answer = await staying.GetAsync(server.Url);
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => following.GetAsync(server.Url));

        Assert.Equal(302, (int)answer.StatusCode);
        Assert.Equal("stopped after 10 redirects", error.Message);
    }

    [Fact]
    public async Task A_server_is_trusted_by_its_authority_only()
    {
        using var authority = new TestCertificates();
        using var stranger = new TestCertificates("Stranger");
        await using LoopbackServer server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("hello"), authority.Issue("localhost").Certificate);
        string caFile = Write("ca.pem", authority.AuthorityPem);

        Assert.Equal("hello", await GetAsync(server, new TlsConfig { CaFile = caFile }));
        Assert.Equal("hello", await GetAsync(server, new TlsConfig { Ca = authority.AuthorityPem }));
        Assert.Equal("hello", await GetAsync(server, new TlsConfig { InsecureSkipVerify = true }));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(server, new TlsConfig { Ca = stranger.AuthorityPem }));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(server, TlsConfig.Default));
    }

    [Fact]
    public async Task The_server_name_is_what_the_certificate_is_checked_for()
    {
        using var authority = new TestCertificates();
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            context => context.Response.WriteAsync("hello"), authority.Issue("inner.example", withLoopback: false).Certificate);

        Assert.Equal("hello", await GetAsync(server, new TlsConfig { Ca = authority.AuthorityPem, ServerName = "inner.example" }));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(server, new TlsConfig { Ca = authority.AuthorityPem }));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(server, new TlsConfig { Ca = authority.AuthorityPem, ServerName = "outer.example" }));
    }

    [Fact]
    public async Task A_client_certificate_is_presented_and_a_changed_file_is_used_without_a_reload()
    {
        using var authority = new TestCertificates();
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            context => context.Response.WriteAsync(context.Connection.ClientCertificate?.Subject ?? "none"), authority.Issue("localhost").Certificate, wantsClientCertificate: true);
        (_, string firstCertificate, string firstKey) = authority.Issue("first");
        (_, string secondCertificate, string secondKey) = authority.Issue("second-client");
        string certificateFile = Write("client.crt", firstCertificate);
        string keyFile = Write("client.key", firstKey);
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            Tls = new TlsConfig { Ca = authority.AuthorityPem, CertFile = certificateFile, KeyFile = keyFile },
        });

        string before = await client.GetStringAsync(server.Url);
        File.WriteAllText(certificateFile, secondCertificate);
        File.WriteAllText(keyFile, secondKey);
        string after = await client.GetStringAsync(server.Url);

        Assert.Equal("CN=first", before);
        Assert.Equal("CN=second-client", after);
    }

    [Fact]
    public void Settings_that_cannot_be_used_are_refused_when_the_client_is_made()
    {
        var factory = new HttpClientFactory();

        Assert.Throws<HttpClientConfigException>(() => factory.Create(new HttpClientConfig { Tls = new TlsConfig { CaFile = "no/such.pem" } }));
        Assert.Throws<HttpClientConfigException>(() => factory.Create(new HttpClientConfig { Tls = new TlsConfig { Ca = "not a certificate" } }));
        Assert.Throws<HttpClientConfigException>(() => factory.Create(new HttpClientConfig { Tls = new TlsConfig { Cert = "x" } }));
        Assert.Throws<HttpClientConfigException>(() => factory.Create(new HttpClientConfig { Proxy = new ProxyConfig { Url = "gopher://x" } }));
    }

    [Fact]
    public async Task Requests_go_through_the_proxy_unless_the_host_is_exempt()
    {
        await using LoopbackServer proxy = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("proxy for " + context.Request.Host));
        await using LoopbackServer server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("direct"));
        using HttpClient proxied = new HttpClientFactory().Create(new HttpClientConfig { Proxy = new ProxyConfig { Url = proxy.Url, NoProxy = "127.0.0.0/8" } });
        using HttpClient fromEnvironment = new HttpClientFactory(environment: name => name == "http_proxy" ? proxy.Url : null)
            .Create(new HttpClientConfig { Proxy = new ProxyConfig { FromEnvironment = true } });

        Assert.Equal("proxy for target.invalid", await proxied.GetStringAsync("http://target.invalid/"));
        Assert.Equal("direct", await proxied.GetStringAsync(server.Url));
        Assert.Equal("proxy for target.invalid", await fromEnvironment.GetStringAsync("http://target.invalid/"));
    }

    [Fact]
    public async Task A_proxy_gets_its_login_with_the_first_request_and_nobody_else_does()
    {
        var seen = new ConcurrentQueue<string>();
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            seen.Enqueue($"{context.Request.Host} {context.Request.Headers["Proxy-Authorization"]}");
            return Task.CompletedTask;
        });
        string proxy = $"http://us%20er:p%40ss@127.0.0.1:{server.Port}";
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(new HttpClientConfig { Proxy = new ProxyConfig { Url = proxy, NoProxy = "other.invalid" } });
        using HttpResponseMessage proxied = await client.GetAsync(new Uri("http://target.invalid/"));
        using HttpResponseMessage direct = await client.GetAsync(new Uri(server.Url));
        Assert.Equal(["target.invalid Basic dXMgZXI6cEBzcw==", $"127.0.0.1:{server.Port} "], seen);
    }

    [Theory]
    [InlineData("", "proxy")]
    [InlineData("other.invalid", "direct")]
    public async Task This_machine_is_reached_without_a_proxy_if_that_has_exceptions(string noProxy, string answer)
    {
        await using LoopbackServer proxy = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("proxy"));
        await using LoopbackServer server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("direct"));
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig { Proxy = new ProxyConfig { Url = proxy.Url, NoProxy = noProxy } });
        Assert.Equal(answer, await client.GetStringAsync(server.Url));
    }

    [Fact]
    public async Task A_redirected_request_has_the_headers_as_they_were_written()
    {
        const string Accept = "text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        var seen = new ConcurrentQueue<string>();
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            seen.Enqueue(context.Request.Headers.Accept.ToString());
            if (context.Request.Path == "/from")
            {
                context.Response.Redirect("/to");
            }

            return Task.CompletedTask;
        });
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(HttpClientConfig.Default);
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + "/from");
        request.Headers.TryAddWithoutValidation("Accept", Accept);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal([Accept, Accept], seen);
    }

    [Fact]
    public async Task An_access_token_is_fetched_once_and_again_when_it_expires()
    {
        int tokens = 0;
        string? form = null;
        string? client = null;
        await using LoopbackServer issuer = await LoopbackServer.StartAsync(async context =>
        {
            client = context.Request.Headers.Authorization.ToString();
            form = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await context.Response.WriteAsync($"{{\"access_token\":\"t{++tokens}\",\"token_type\":\"bearer\",\"expires_in\":60}}");
        });
        await using LoopbackServer server = await EchoHeaderAsync("Authorization");
        var clock = new ManualClock();
        using HttpClient http = new HttpClientFactory(time: clock).Create(new HttpClientConfig
        {
            OAuth2 = new OAuth2Config { ClientId = "id", ClientSecret = new Secret("secret"), TokenUrl = issuer.Url, Scopes = ["a", "b"] },
        });

        string first = await http.GetStringAsync(server.Url);
        string second = await http.GetStringAsync(server.Url);
        clock.Now += TimeSpan.FromSeconds(51);
        string third = await http.GetStringAsync(server.Url);

        Assert.Equal(["Bearer t1", "Bearer t1", "Bearer t2"], new[] { first, second, third });
        Assert.Equal("grant_type=client_credentials&scope=a+b", form);
        Assert.Equal("Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("id:secret")), client);
    }

    private static HttpClientConfig WithToken(string token) => new() { Authorization = new AuthorizationConfig { Credentials = new Secret(token) } };

    private static Task<LoopbackServer> EchoHeaderAsync(string name) =>
        LoopbackServer.StartAsync(context => context.Response.WriteAsync(context.Request.Headers[name].ToString()));

    private static async Task<string> GetAsync(LoopbackServer server, TlsConfig tls)
    {
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig { Tls = tls });
        return await client.GetStringAsync(server.Url);
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private sealed class ManualClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
