using System.Net.Sockets;

namespace Narthex.HttpClients.Tests;

public sealed class ConnectionFaultTests
{
    [Fact]
    public async Task A_bare_fault_of_the_socket_is_one_of_the_request()
    {
        using var client = new HttpMessageInvoker(new ConnectionFaultHandler(new Vanishing()));
        HttpRequestException error = await Assert.ThrowsAsync<HttpRequestException>(
            () => client.SendAsync(new HttpRequestMessage(HttpMethod.Get, "http://127.0.0.1/"), CancellationToken.None));
        Assert.Equal(SocketError.NotConnected, Assert.IsType<SocketException>(error.InnerException).SocketErrorCode);
    }

    private sealed class Vanishing : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new SocketException((int)SocketError.NotConnected);
    }
}
