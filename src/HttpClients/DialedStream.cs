using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Narthex.HttpClients;

/// <summary>A connection that was lost while it was read from, with both of its ends: that names the process at the other side.</summary>
internal sealed class ConnectionLostException(string place) : IOException($"{place}: read: connection reset by peer");

/// <summary>A connection made by a <see cref="Dialer"/>: counted once more when it ends, and watched until its first answer is understood.</summary>
internal sealed class DialedStream : NetworkStream
{
    private readonly EndPoint? _local;
    private readonly EndPoint? _remote;
    private ConnectionCounters? _counters;

    /// <param name="socket">The connection; it belongs to the stream.</param>
    /// <param name="counters">Counts it; null if nobody does.</param>
    /// <param name="first">Keeps what comes first; null if nobody asks.</param>
    public DialedStream(Socket socket, ConnectionCounters? counters, FirstBytes? first)
        : base(socket, ownsSocket: true)
    {
        _counters = counters;
        First = first;

        // Asked for now: a connection that was lost does not know its ends any more.
        _local = socket.LocalEndPoint;
        _remote = socket.RemoteEndPoint;
        counters?.Established.Increment();
    }

    private FirstBytes? First { get; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read;
        try
        {
            read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset } && _local is IPEndPoint)
        {
            throw new ConnectionLostException($"read tcp {_local}->{_remote}");
        }

        if (!buffer.IsEmpty)
        {
            First?.Add(buffer.Span[..read]);
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        Interlocked.Exchange(ref _counters, null)?.Closed.Increment();
        base.Dispose(disposing);
    }
}

/// <summary>What came first over a connection, for as long as nobody has understood it: the platform tells too little of an answer that it refuses.</summary>
/// <remarks>Known to the request for which the connection was made. Later ones are answered by somebody who has talked HTTP before.</remarks>
internal sealed class FirstBytes
{
    private const int LengthMax = 4096;

    // Beside the requests: a connection that comes too late may not write into the options of one that somebody reads.
    private static readonly ConditionalWeakTable<HttpRequestMessage, FirstBytes> s_known = [];

    private readonly Lock _lock = new();
    private byte[]? _bytes = [];
    private bool _ended;

    /// <summary>Those of the connection that was made for a request; null if it got one that was there.</summary>
    public static FirstBytes? Of(HttpRequestMessage request) => s_known.TryGetValue(request, out FirstBytes? first) ? first : null;

    /// <summary>Begins to keep what comes for a request.</summary>
    public static FirstBytes Keep(HttpRequestMessage request)
    {
        var first = new FirstBytes();
        s_known.AddOrUpdate(request, first);
        return first;
    }

    /// <summary>Takes what was read; nothing means the end.</summary>
    public void Add(ReadOnlySpan<byte> read)
    {
        // One thread reads, and has nothing to do here once the first answer was understood.
        if (Volatile.Read(ref _bytes) is null)
        {
            return;
        }

        lock (_lock)
        {
            _ended |= read.IsEmpty;
            if (_bytes is { Length: < LengthMax } bytes)
            {
                _bytes = [.. bytes, .. read[..Math.Min(read.Length, LengthMax - bytes.Length)]];
            }
        }
    }

    /// <summary>Forgets everything: the answer was understood.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _bytes = null;
        }
    }

    /// <summary>What came so far, and whether nothing will follow. False if there is nothing to tell.</summary>
    public bool TryRead(out ReadOnlySpan<byte> bytes, out bool ended)
    {
        lock (_lock)
        {
            bytes = _bytes;
            ended = _ended && bytes.Length < LengthMax;
            return _bytes is not null;
        }
    }
}
