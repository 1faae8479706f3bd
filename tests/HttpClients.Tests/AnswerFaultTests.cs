using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Narthex.HttpClients.Tls;

namespace Narthex.HttpClients.Tests;

/// <summary>What servers that cannot be talked to make of a request, in the words of the real server.</summary>
public sealed class AnswerFaultTests
{
    private const string Tls = "tls: failed to verify certificate: x509: ";

    [Theory]
    [InlineData("localhost", true, 20, "", false, Tls + "certificate signed by unknown authority")]
    [InlineData("localhost", true, 20, "nobody.test", true, Tls + "certificate is valid for localhost, not nobody.test")]
    [InlineData("localhost", true, 20, "10.0.0.1", true, Tls + "certificate is valid for 127.0.0.1, not 10.0.0.1")]
    [InlineData("other.test", false, 20, "", true, Tls + "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs")]
    [InlineData("localhost", true, 0.5, "", true, Tls + "certificate has expired or is not yet valid: current time ")]
    public async Task A_certificate_is_refused_with_the_reason(string name, bool withLoopback, double days, string serverName, bool isTrusted, string error)
    {
        using var authority = new TestCertificates();
        await using LoopbackServer server = await LoopbackServer.StartAsync(_ => Task.CompletedTask, authority.Issue(name, withLoopback, days).Certificate);
        string actual = await FailAsync(new HttpClientConfig { Tls = new TlsConfig { Ca = isTrusted ? authority.AuthorityPem : "", ServerName = serverName } }, server.Url + "/");
        Assert.StartsWith(error, actual, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/loop", "/loop", "/loop: stopped after 10 redirects")]
    [InlineData("/elsewhere", "ftp://x/", "ftp://x/: unsupported protocol scheme \"ftp\"")]
    [InlineData("/elsewhere", "http://[", ": failed to parse Location header \"http://[\": parse \"http://[\": missing ']' in host")]
    [InlineData("/elsewhere", "%zz", ": failed to parse Location header \"%zz\": parse \"%zz\": invalid URL escape \"%zz\"")]
    [InlineData("/elsewhere", "http://127.0.0.1:99999/", "http://127.0.0.1:99999/: dial tcp: address 99999: invalid port")]
    public async Task A_redirect_that_leads_nowhere_is_told_of_the_place_it_leads_to(string path, string location, string error)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = location;
            return Task.CompletedTask;
        });
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(HttpClientConfig.Default);
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Url + path);
        HttpRequestException fault = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request));
        request.Options.TryGetValue(NetworkErrors.LastHop, out string? hop);
        Assert.Equal(error, $"{hop}: {NetworkErrors.Explain(fault, request.RequestUri!, isBody: false)}");
    }

    [Theory]
    [InlineData("garbage\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP response \"garbage\"")]
    [InlineData("HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed MIME header: missing colon: \"bad header\"")]
    [InlineData("hello there\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"there\"")]
    [InlineData("HTTP/1.1 99 Odd\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"99\"")]
    [InlineData("HTTP/1.1 abc Odd\r\n\r\n", "net/http: HTTP/1.x transport connection broken: malformed HTTP status code \"abc\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n", "net/http: HTTP/1.x transport connection broken: bad Content-Length \"abc\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "net/http: HTTP/1.x transport connection broken: bad Content-Length \"-5\"")]
    [InlineData(
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "net/http: HTTP/1.x transport connection broken: http: message cannot contain multiple Content-Length headers; got [\"4\" \"5\"]")]
    [InlineData("", "EOF")]
    public async Task An_answer_that_is_no_HTTP_is_quoted(string answer, string error) => Assert.Equal(error, await AgainstRawAsync(answer, "http", HttpClientConfig.Default));

    [Theory]
    [InlineData("\0", "malformed HTTP response \"\\x00\"")]
    [InlineData("\0\0\0\r\n\r\n", "malformed HTTP response \"\\x00\\x00\\x00\"")]
    [InlineData("HTTP/1.1 20", "malformed HTTP status code \"20\"")]
    [InlineData("HTTP/1.x 200 OK\r\n\r\n", "malformed HTTP version \"HTTP/1.x\"")]
    [InlineData("HTTP/1.1 200 OK\r\n\tlead: x\r\n\r\n", "malformed MIME header initial line: \"\\tlead: x\"")]
    [InlineData("HTTP/1.1 200 OK\r\n: x\r\n\r\n", "malformed MIME header line: \": x\"")]
    [InlineData("HTTP/1.1 200 OK\r\na@b: 1\r\n\r\n", "malformed MIME header line: \"a@b: 1\"")]
    [InlineData("HTTP/1.1 200 OK\r\nx\0y: 1\r\n\r\n", "malformed MIME header line: \"x\\x00y: 1\"")]
    [InlineData("HTTP/1.1 200 OK\r\n\u00e9: 1\r\n\r\n", "malformed MIME header line: \"\\xe9: 1\"")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Ty", "malformed MIME header: missing colon: \"Content-Ty\"")]
    [InlineData("HTTP/1.1 200 OK\r\nX: y\r\n", "unexpected EOF")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n", "unexpected EOF")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nnoise\r\n", "malformed HTTP response \"noise\"")]
    public async Task The_line_that_is_wrong_is_quoted_as_it_came(string answer, string error) => Assert.Equal(
        "net/http: HTTP/1.x transport connection broken: " + error, await AgainstRawAsync(answer, "http", HttpClientConfig.Default));

    [Theory]
    [InlineData("garbage\r\n\r\n", "tls: first record does not look like a TLS handshake")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n", "tls: first record does not look like a TLS handshake")]
    [InlineData("\0\0\0\0\0\0\0\0", "tls: first record does not look like a TLS handshake")]
    [InlineData("\u0016\u0003\u0001\u00ff\u00ff", "tls: oversized record received with length 65535")]
    [InlineData("\u0016\u0003\u0001\u0000\u0004\u0002\u0062\u0063\u0064", "tls: handshake message of length 6447972 bytes exceeds maximum of 65536 bytes")]
    [InlineData("\u0080\u002e\u0001\u0000\u0002", "tls: unsupported SSLv2 handshake received")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u002f", "remote error: tls: illegal parameter")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0028", "remote error: tls: handshake failure")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0002\u0099", "remote error: tls: alert(153)")]
    [InlineData("\u0015\u0003\u0003\u0000\u0002\u0001\u0000", "EOF")]
    [InlineData("\u0016\u0003\u0001", "unexpected EOF")]
    [InlineData("", "EOF")]
    public async Task Noise_instead_of_a_handshake_is_told_by_its_first_record(string answer, string error) =>
        Assert.Equal(error, await AgainstRawAsync(answer, "https", HttpClientConfig.Default));

    [Theory]
    [InlineData("zz\r\n", "invalid byte in chunk length")]
    [InlineData("\r\n", "empty hex number for chunk length")]
    [InlineData("ffffffffffffffffff\r\n", "http chunk length too large")]
    [InlineData("4\r\na 1\nxx\r\n", "malformed chunked encoding")]
    [InlineData("4\r\na 1\n\r\n0\r\nbad\r\n\r\n", "malformed MIME header: missing colon: \"bad\"")]
    [InlineData("8\r\na 1\n", "unexpected EOF")]
    public async Task A_body_in_broken_chunks_is_told_by_the_chunk(string body, string error) =>
        Assert.Equal(error, await AgainstRawAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, "http", HttpClientConfig.Default, isBody: true));

    [Theory]
    [InlineData("sslv3 alert unexpected message", "remote error: tls: unexpected message")]
    [InlineData("tlsv13 alert certificate required", "remote error: tls: certificate required")]
    [InlineData("tlsv1 unrecognized name", "remote error: tls: unrecognized name")]
    [InlineData("unexpected message", null)]
    public void Alerts_of_the_platform_s_library_get_the_words_of_the_others(string reason, string? words) => Assert.Equal(words, HandshakeFaults.ExplainLibrary(reason));

    [Fact]
    public async Task A_connection_that_was_lost_is_told_with_its_ends()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ResetAsync();
        string error = await FailAsync(HttpClientConfig.Default, $"http://{listener.LocalEndpoint}/");
        await serving;
        Assert.Matches($"^read tcp 127\\.0\\.0\\.1:[0-9]+->{Regex.Escape(listener.LocalEndpoint.ToString()!)}: read: connection reset by peer$", error);

        async Task ResetAsync()
        {
            using Socket connection = await listener.AcceptSocketAsync();
            Assert.NotEqual(0, await connection.ReceiveAsync(new byte[4096]));
            connection.LingerState = new LingerOption(enable: true, seconds: 0);
            connection.Close();
        }
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("99999999999999999999", false)]
    public async Task A_length_is_a_number_or_nothing(string length, bool isFine)
    {
        const string Answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
        if (isFine)
        {
            Assert.Equal("none", await AgainstRawAsync($"{Answer}{length}\r\n\r\na 1\n", "http", HttpClientConfig.Default));
        }
        else
        {
            Assert.EndsWith($"bad Content-Length \"{length}\"", await AgainstRawAsync($"{Answer}{length}\r\n\r\na 1\n", "http", HttpClientConfig.Default), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_redirect_to_nowhere_is_the_answer()
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = 302;
            context.Response.Headers.Location = "";
            return Task.CompletedTask;
        });
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(HttpClientConfig.Default);
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Url));
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
    }

    [Theory]
    [InlineData(400, "application/json", "{\"error\":\"invalid_client\",\"error_description\":\"who are you?\"}", "oauth2: \"invalid_client\" \"who are you?\"")]
    [InlineData(500, "text/html", "bad!", "oauth2: cannot fetch token: 500 Internal Server Error\nResponse: bad!")]
    [InlineData(200, "text/html", "bad!", "oauth2: cannot parse json: invalid character 'b' looking for beginning of value")]
    [InlineData(200, "application/json", "{", "oauth2: cannot parse json: unexpected end of JSON input")]
    [InlineData(200, "application/json", "{}", "oauth2: server response missing access_token")]
    [InlineData(200, "application/x-www-form-urlencoded", "error=slow_down", "oauth2: \"slow_down\"")]
    public async Task A_token_s_server_that_gives_none_is_told_with_its_reason(int status, string type, string answer, string error)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = type;
            return context.Response.WriteAsync(answer);
        });
        var config = new HttpClientConfig { OAuth2 = new OAuth2Config { ClientId = "a", ClientSecret = new Secret("b"), TokenUrl = server.Url } };
        Assert.Equal(error, await FailAsync(config, "http://127.0.0.1:1/"));
    }

    [Theory]
    [InlineData("application/json", "{\"access_token\":\"t\",\"expires_in\":\"3600\"}")]
    [InlineData("application/x-www-form-urlencoded", "access_token=t&token_type=bearer&expires_in=3600")]
    public async Task A_token_may_come_as_JSON_or_as_a_form(string type, string answer)
    {
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.ContentType = type;
            return context.Response.WriteAsync(context.Request.Path == "/token" ? answer : context.Request.Headers.Authorization.ToString());
        });
        var config = new HttpClientConfig { OAuth2 = new OAuth2Config { ClientId = "a", ClientSecret = new Secret("b"), TokenUrl = server.Url + "/token" } };
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(config);
        Assert.Equal("Bearer t", await client.GetStringAsync(new Uri(server.Url + "/data")));
    }

    [Fact]
    public async Task Headers_may_be_long()
    {
        string value = new('a', 300_000);
        await using LoopbackServer server = await LoopbackServer.StartAsync(context =>
        {
            context.Response.Headers["X-Long"] = value;
            return Task.CompletedTask;
        });
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(HttpClientConfig.Default);
        using HttpResponseMessage response = await client.GetAsync(new Uri(server.Url));
        Assert.Equal(value, response.Headers.GetValues("X-Long").Single());
    }

    [Fact]
    public async Task A_handshake_with_something_else_says_so() => Assert.Equal(
        "http: server gave HTTP response to HTTPS client", await AgainstRawAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "https", HttpClientConfig.Default));

    [Fact]
    public async Task A_proxy_that_refuses_a_tunnel_says_why()
    {
        await using LoopbackServer proxy = await LoopbackServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status407ProxyAuthenticationRequired;
            return Task.CompletedTask;
        });
        Assert.Equal("Proxy Authentication Required", await FailAsync(new HttpClientConfig { Proxy = new ProxyConfig { Url = proxy.Url } }, "https://host.test/"));
    }

    private static async Task<string> FailAsync(HttpClientConfig config, string url, bool isBody = false)
    {
        using HttpClient client = new HttpClientFactory(environment: _ => null).Create(config);
        try
        {
            // The head alone, and then the body.
            using HttpResponseMessage response = await client.GetAsync(new Uri(url), HttpCompletionOption.ResponseHeadersRead);
            Assert.True(isBody || response.IsSuccessStatusCode);
            await response.Content.CopyToAsync(Stream.Null);
            return "none";
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return NetworkErrors.Explain(error, new Uri(url), isBody);
        }
    }

    // A server that reads something, says what it says, and hangs up.
    private static async Task<string> AgainstRawAsync(string answer, string scheme, HttpClientConfig config, bool isBody = false)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeAsync();
        string error = await FailAsync(config with { EnableHttp2 = false }, $"{scheme}://{listener.LocalEndpoint}/", isBody);
        listener.Stop();
        await serving;
        return error;

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient connection = await listener.AcceptTcpClientAsync();
                    await using NetworkStream stream = connection.GetStream();
                    Assert.NotEqual(0, await stream.ReadAsync(new byte[4096]));
                    await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
                    connection.Client.Shutdown(SocketShutdown.Send);
                    while (await stream.ReadAsync(new byte[4096]) > 0)
                    {
                        // Until the client hangs up.
                    }
                }
            }
            catch (Exception e) when (e is SocketException or IOException or InvalidOperationException)
            {
                // The listener was stopped, while it waited or before it did so again, or the client has hung up.
            }
        }
    }
}
