using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Narthex.Interop.Tests;

/// <summary>A target on loopback that says the same to everybody who connects and sends something, and hangs up.</summary>
internal sealed class RawTarget : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _answer;
    private readonly bool _resets;

    /// <param name="answer">What it says. Letters up to U+00FF stand for bytes.</param>
    /// <param name="resets">Whether it tears the connection down instead.</param>
    public RawTarget(string answer, bool resets = false)
    {
        _answer = Encoding.Latin1.GetBytes(answer);
        _resets = resets;
        _listener.Start();
        _ = ServeAsync();
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                _ = AnswerAsync(await _listener.AcceptSocketAsync());
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return; // Closed by Dispose.
            }
        }
    }

    private async Task AnswerAsync(Socket connection)
    {
        using (connection)
        {
            try
            {
                byte[] buffer = new byte[4096];
                await connection.ReceiveAsync(buffer);
                if (_resets)
                {
                    connection.LingerState = new LingerOption(enable: true, seconds: 0);
                    return;
                }

                await connection.SendAsync(_answer);
                connection.Shutdown(SocketShutdown.Send);
                while (await connection.ReceiveAsync(buffer) > 0)
                {
                    // Until the other side hangs up.
                }
            }
            catch (SocketException)
            {
                // The other side was faster.
            }
        }
    }
}
