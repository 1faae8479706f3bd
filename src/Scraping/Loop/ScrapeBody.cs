using System.Buffers;
using Narthex.Scraping.Compression;

namespace Narthex.Scraping;

/// <summary>The body of one answer, in a pooled buffer that goes back when disposed.</summary>
internal sealed class ScrapeBody : IDisposable
{
    private byte[] _buffer;

    private ScrapeBody(byte[] buffer, int length, string? contentType)
    {
        _buffer = buffer;
        Length = length;
        ContentType = contentType;
    }

    public int Length { get; }

    public string? ContentType { get; }

    public ReadOnlySpan<byte> Span => _buffer.AsSpan(0, Length);

    /// <summary>Reads a stream to its end.</summary>
    /// <param name="stream">Decompressed already.</param>
    /// <param name="sizeHint">The size of the last body: the first guess.</param>
    /// <param name="sizeLimit">The size that is too large already, as upstream reads its limit; 0 for no limit.</param>
    /// <param name="contentType">The header that came with it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ScrapeException">It reaches the limit.</exception>
    public static async Task<ScrapeBody> ReadAsync(Stream stream, int sizeHint, long sizeLimit, string? contentType, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(sizeHint + (sizeHint >> 4) + 1L, 4096, Array.MaxLength));
        int length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (length == Array.MaxLength)
                    {
                        throw new ScrapeException("body size limit exceeded", ScrapeFailure.BodySizeLimit);
                    }

                    byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(length * 2L, Array.MaxLength));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                {
                    return new ScrapeBody(buffer, length, contentType);
                }

                length += read;
                if (sizeLimit > 0 && length >= sizeLimit)
                {
                    throw new ScrapeException("body size limit exceeded", ScrapeFailure.BodySizeLimit);
                }
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    /// <summary>Decompresses a body that is gzip. The body itself stays as it is.</summary>
    /// <inheritdoc cref="ReadAsync" path="/param[@name='sizeLimit' or @name='contentType' or @name='cancellationToken']"/>
    /// <exception cref="ScrapeException">It is not gzip, damaged, or what comes out reaches the limit.</exception>
    public ScrapeBody Decompress(long sizeLimit, string? contentType, CancellationToken cancellationToken)
    {
        if (TryDecompress(sizeLimit, contentType) is { } body)
        {
            return body;
        }

        (byte[] buffer, int length) = GzipReader.ReadAll(_buffer, Length, sizeLimit, cancellationToken);
        return new ScrapeBody(buffer, length, contentType);
    }

    private ScrapeBody? TryDecompress(long sizeLimit, string? contentType)
    {
        if (!GzipBlock.TryGetLength(Span, out int length) || (sizeLimit > 0 && length >= sizeLimit))
        {
            return null;
        }

        EnsureMargin(GzipBlock.SourceMargin);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length + GzipBlock.DestinationMargin);
        if (GzipBlock.TryDecompress(_buffer, Length, buffer, length))
        {
            return new ScrapeBody(buffer, length, contentType);
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return null;
    }

    private void EnsureMargin(int margin)
    {
        if (_buffer.Length - Length < margin)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Length + margin);
            Span.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
