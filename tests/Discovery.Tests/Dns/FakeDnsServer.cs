using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Narthex.Discovery.Tests.Dns;

/// <summary>A name server on loopback, UDP and TCP on one port, that answers as the test says.</summary>
internal sealed class FakeDnsServer : IAsyncDisposable
{
    private readonly Func<Question, IEnumerable<byte[]>> _answer;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _udp;
    private readonly TcpListener _tcp;
    private readonly Task _running;

    public FakeDnsServer(Func<Question, IEnumerable<byte[]>> answer)
    {
        _answer = answer;
        (_udp, _tcp) = Bind();
        _running = Task.WhenAll(ServeDatagramsAsync(), ServeStreamsAsync());
    }

    public FakeDnsServer(Func<Question, byte[]> answer)
        : this(question => (IEnumerable<byte[]>)[answer(question)])
    {
    }

    public IPEndPoint EndPoint => (IPEndPoint)_udp.LocalEndPoint!;

    public List<Question> Questions { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp.Dispose();
        _tcp.Dispose();
        await _running;
        _stop.Dispose();
    }

    private static (Socket Udp, TcpListener Tcp) Bind()
    {
        while (true)
        {
            var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            var tcp = new TcpListener((IPEndPoint)udp.LocalEndPoint!);
            try
            {
                tcp.Start();
                return (udp, tcp);
            }
            catch (SocketException)
            {
                // Someone has this port for TCP: try another.
                udp.Dispose();
                tcp.Dispose();
            }
        }
    }

    private async Task ServeDatagramsAsync()
    {
        byte[] buffer = new byte[4096];
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult result =
                    await _udp.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
                foreach (byte[] answer in Answers(buffer[..result.ReceivedBytes], isStream: false))
                {
                    await _udp.SendToAsync(answer, SocketFlags.None, result.RemoteEndPoint, _stop.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                // The test is over, or the asker did not wait.
            }
        }
    }

    private async Task ServeStreamsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await _tcp.AcceptSocketAsync(_stop.Token);
                await using var stream = new NetworkStream(socket);
                byte[] length = new byte[2];
                await stream.ReadExactlyAsync(length, _stop.Token);
                byte[] query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
                await stream.ReadExactlyAsync(query, _stop.Token);
                foreach (byte[] answer in Answers(query, isStream: true))
                {
                    BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                    await stream.WriteAsync(length, _stop.Token);
                    await stream.WriteAsync(answer, _stop.Token);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException or IOException)
            {
                // The test is over, or the asker did not wait.
            }
        }
    }

    private IEnumerable<byte[]> Answers(byte[] query, bool isStream)
    {
        var question = Question.Parse(query, isStream);
        lock (Questions)
        {
            Questions.Add(question);
        }

        return _answer(question);
    }
}
