using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Narthex.Model;

namespace Narthex.HttpClients.Tests;

/// <summary>Encrypted connections with a name of their own in the handshake, and through proxies that want headers.</summary>
public sealed class TunnelTests
{
    [Fact]
    public async Task The_server_name_goes_into_the_handshake_and_the_host_header_stays()
    {
        using var authority = new TestCertificates();
        await using LoopbackServer server = await LoopbackServer.StartAsync(Describe, authority.Issue("inner.example", withLoopback: false).Certificate);
        using HttpClient client = new HttpClientFactory().Create(new HttpClientConfig
        {
            Tls = new TlsConfig { Ca = authority.AuthorityPem, ServerName = "inner.example" },
        });
        for (int i = 0; i < 2; i++)
        {
            Assert.Equal($"127.0.0.1:{server.Port} /a%20b?c=d%2F", await client.GetStringAsync(server.Url + "/a%20b?c=d%2F"));
        }

        // One connection for both.
        Assert.Equal("inner.example", Assert.Single(server.ServerNames));
    }

    [Fact]
    public async Task The_proxy_gets_its_headers_and_the_server_does_not()
    {
        using var authority = new TestCertificates();
        await using LoopbackServer server = await LoopbackServer.StartAsync(
            context => context.Response.WriteAsync(context.Request.Headers.ContainsKey("X-Tunnel") ? "leaked" : "fine"), authority.Issue("localhost").Certificate);
        using var proxy = new TunnelProxy("200 OK");
        using HttpClient client = Through(proxy, authority);
        Assert.Equal("fine", await client.GetStringAsync(server.Url));

        string head = Assert.Single(proxy.Heads);
        Assert.StartsWith($"CONNECT 127.0.0.1:{server.Port} HTTP/1.1\r\nHost: 127.0.0.1:{server.Port}\r\n", head, StringComparison.Ordinal);
        Assert.Contains("X-Tunnel: one\r\nX-Tunnel: two\r\n", head, StringComparison.Ordinal);
        Assert.Contains("Proxy-Authorization: Basic " + Convert.ToBase64String("u:p"u8) + "\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named_as_the_reason()
    {
        using var authority = new TestCertificates();
        using var proxy = new TunnelProxy("407 Proxy Authentication Required");
        using HttpClient client = Through(proxy, authority);
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetStringAsync("https://127.0.0.1:1/"));
        Assert.Contains("407 Proxy Authentication Required", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_names_a_Unix_socket_goes_through_it()
    {
        string folder = Directory.CreateTempSubdirectory("narthex-socket-").FullName;
        try
        {
            await using LoopbackServer tcp = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("tcp"));
            await using LoopbackServer first = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("first " + context.Request.Host), socketPath: Path.Combine(folder, "1.sock"));
            await using LoopbackServer second = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("second"), socketPath: Path.Combine(folder, "2.sock"));
            using HttpClient client = new HttpClientFactory().CreateForScraping(HttpClientConfig.Default);
            Assert.Equal($"first 127.0.0.1:{tcp.Port}", await GetAsync(client, tcp.Url, Path.Combine(folder, "1.sock")));
            Assert.Equal("second", await GetAsync(client, tcp.Url, Path.Combine(folder, "2.sock")));
            Assert.Equal("tcp", await GetAsync(client, tcp.Url, ""));
            await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(client, tcp.Url, Path.Combine(folder, "3.sock")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> GetAsync(HttpClient client, string url, string socket)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (socket.Length > 0)
        {
            request.Options.Set(SocketRouter.Path, socket);
        }

        using HttpResponseMessage response = await client.SendAsync(request);
        return await response.Content.ReadAsStringAsync();
    }

    private static HttpClient Through(TunnelProxy proxy, TestCertificates authority) => new HttpClientFactory().Create(new HttpClientConfig
    {
        Tls = new TlsConfig { Ca = authority.AuthorityPem },
        Proxy = new ProxyConfig
        {
            Url = $"http://u:p@127.0.0.1:{proxy.Port}",
            ConnectHeader = new EquatableMap<EquatableList<Secret>>([KeyValuePair.Create<string, EquatableList<Secret>>("X-Tunnel", [new Secret("one"), new Secret("two")])]),
        },
    });

    private static Task Describe(HttpContext context) => context.Response.WriteAsync(
        $"{context.Request.Host} {context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget}");

    /// <summary>Opens tunnels to where it is asked to, or refuses.</summary>
    private sealed class TunnelProxy : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly string _status;

        public TunnelProxy(string status)
        {
            _status = status;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public List<string> Heads { get; } = [];

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    _ = TunnelAsync(await _listener.AcceptTcpClientAsync());
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task TunnelAsync(TcpClient client)
        {
            using (client)
            {
                NetworkStream stream = client.GetStream();
                var head = new StringBuilder();
                byte[] one = new byte[1];
                while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one) == 1)
                {
                    head.Append((char)one[0]);
                }

                Heads.Add(head.ToString());
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {_status}\r\nX-Proxy: yes\r\n\r\n"));
                if (_status.StartsWith("200", StringComparison.Ordinal))
                {
                    using var server = new TcpClient();
                    await server.ConnectAsync(IPEndPoint.Parse(head.ToString().Split(' ')[1]));
                    await Task.WhenAny(stream.CopyToAsync(server.GetStream()), server.GetStream().CopyToAsync(stream));
                }
            }
        }
    }
}
