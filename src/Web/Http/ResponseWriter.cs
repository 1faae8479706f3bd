using System.Buffers;
using System.IO.Compression;
using Microsoft.AspNetCore.Http;
using Narthex.Model.Collections;

namespace Narthex.Web.Http;

/// <summary>Gathers a response in one pooled buffer and sends it in large pieces, compressed if the client takes that.</summary>
/// <remarks>
/// Nothing is sent before the buffer has filled up once, so a small answer goes out whole, with its length, and a request
/// that fails early can still get an error instead: see <see cref="TryReset"/>. One writer at a time.
/// </remarks>
internal sealed class ResponseWriter(HttpResponse response, bool mayCompress) : IBufferWriter<byte>, IAsyncDisposable
{
    /// <summary>Writers flush when this much is waiting; one series rarely adds more than that again.</summary>
    private const int FlushBytes = 64 * 1024;

    // Below this the header of a compressed body outweighs what compression saves.
    private const int CompressBytesMin = 1024;

    private byte[] _buffer = LargeArrays<byte>.Shared.Rent(16 * 1024);
    private int _count;
    private Stream? _stream;
    private long _bytesBefore;

    /// <summary>How many bytes were written in all, before compression.</summary>
    public long BytesWritten => _bytesBefore + _count;

    /// <inheritdoc/>
    public void Advance(int count) => _count += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsMemory(_count);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        EnsureRoom(sizeHint);
        return _buffer.AsSpan(_count);
    }

    /// <summary>Forgets what was written. False if some of it is on its way already.</summary>
    public bool TryReset()
    {
        _count = 0;
        return _stream is null;
    }

    /// <summary>Sends what is waiting if it has become much.</summary>
    public ValueTask FlushIfFullAsync(CancellationToken cancellationToken) =>
        _count < FlushBytes ? ValueTask.CompletedTask : SendPieceAsync(cancellationToken);

    /// <summary>Sends the rest and ends the response.</summary>
    public async ValueTask CompleteAsync(CancellationToken cancellationToken)
    {
        if (_stream is null && (!mayCompress || _count < CompressBytesMin))
        {
            response.ContentLength = response.StatusCode == 204 ? null : _count;
            mayCompress = false;
        }

        if (_count > 0)
        {
            if (mayCompress && _count > PoolThread.BytesElsewhereMax)
            {
                await PoolThread.Enter();
            }

            await SendAsync(cancellationToken);
        }

        if (_stream is GZipStream compressed)
        {
            await compressed.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_buffer.Length > 0)
        {
            LargeArrays<byte>.Shared.Return(_buffer);
            _buffer = [];
            _count = 0;
        }

        return ValueTask.CompletedTask;
    }

    // An answer that has several pieces is no light one: it is compressed and sent in the pool, and whoever wrote it goes on there as a rule: if he is told at once that all is sent, he writes the next piece where he is.
    private async ValueTask SendPieceAsync(CancellationToken cancellationToken)
    {
        await PoolThread.Enter();
        await SendAsync(cancellationToken);
        await PoolThread.Enter();
    }

    private async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (_stream is null)
        {
            if (mayCompress)
            {
                response.Headers.ContentEncoding = "gzip";
                response.Headers.Append("Vary", "Accept-Encoding");
            }

            _stream = mayCompress ? new GZipStream(response.Body, CompressionLevel.Fastest, leaveOpen: true) : response.Body;
        }

        await _stream.WriteAsync(_buffer.AsMemory(0, _count), cancellationToken);
        _bytesBefore += _count;
        _count = 0;
    }

    private void EnsureRoom(int sizeHint)
    {
        int needed = Math.Max(sizeHint, 1);
        if (_buffer.Length - _count >= needed)
        {
            return;
        }

        byte[] larger = LargeArrays<byte>.Shared.Rent(Math.Max(_buffer.Length * 2, _count + needed));
        _buffer.AsSpan(0, _count).CopyTo(larger);
        LargeArrays<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
