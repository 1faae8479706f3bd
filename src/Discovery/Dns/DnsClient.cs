using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Narthex.Discovery.Dns;

/// <summary>Asks one server one question: over UDP, and over TCP if the answer does not fit.</summary>
internal sealed class DnsClient(TimeProvider time)
{
    private const int MessageBytesMax = ushort.MaxValue;

    /// <summary>Asks.</summary>
    /// <exception cref="DnsException">No usable answer came in time.</exception>
    public async Task<DnsAnswer> AskAsync(IPEndPoint server, string name, DnsRecordType type, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MessageBytesMax);
        try
        {
            DnsAnswer answer = await AskByDatagramAsync(server, Query(name, type, allowLargeDatagram: true), buffer, either.Token);
            if (answer.Code == DnsResponseCode.FormatError)
            {
                // Servers from before RFC 6891 do not know its record.
                answer = await AskByDatagramAsync(server, Query(name, type, allowLargeDatagram: false), buffer, either.Token);
            }

            if (answer.IsTruncated)
            {
                answer = await AskByStreamAsync(server, Query(name, type, allowLargeDatagram: false), buffer, either.Token);
            }

            return answer.IsTruncated ? throw new DnsException("got a truncated message over TCP") : answer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DnsException($"no answer from {server} within {timeout.TotalSeconds} s");
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new DnsException(e.Message, e);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Query(string name, DnsRecordType type, bool allowLargeDatagram)
    {
        // Neither the number nor the local port, which the system picks, can be guessed by who would plant an answer.
        byte[] query = new byte[DnsCodec.QueryBytesMax];
        int length = DnsCodec.WriteQuery(query, (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), name, type, allowLargeDatagram);
        return query[..length];
    }

    private static async Task<DnsAnswer> AskByDatagramAsync(IPEndPoint server, byte[] query, byte[] buffer, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        await socket.SendAsync(query, SocketFlags.None, cancellationToken);
        while (true)
        {
            int length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken);
            if (DnsCodec.IsAnswerTo(buffer.AsSpan(0, length), query))
            {
                return DnsCodec.Read(buffer.AsSpan(0, length));
            }
        }
    }

    private static async Task<DnsAnswer> AskByStreamAsync(IPEndPoint server, byte[] query, byte[] buffer, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket);
        byte[] framed = new byte[2 + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed, 2);
        await stream.WriteAsync(framed, cancellationToken);

        await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), cancellationToken);
        int length = BinaryPrimitives.ReadUInt16BigEndian(buffer);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
        return DnsCodec.IsAnswerTo(buffer.AsSpan(0, length), query)
            ? DnsCodec.Read(buffer.AsSpan(0, length))
            : throw new DnsException("the answer belongs to another question");
    }
}
