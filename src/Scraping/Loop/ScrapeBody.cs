using System.Buffers;

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

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
