using System.Buffers;
using System.Buffers.Binary;

namespace Narthex.Scraping.Compression;

/// <summary>Decompresses any gzip file that is in memory whole, and says in upstream's words what is wrong with a damaged one.</summary>
/// <remarks>
/// Slow and exact, for the few files that <see cref="GzipBlock"/> refuses: of several members, with unusual headers, or damaged. A decoder for streams
/// takes the end of a torn file for the end of its data; a scrape that was cut must not look like one that was whole.
/// </remarks>
internal sealed class GzipReader
{
    private const int HeaderBytes = 10;
    private const int TrailerBytes = 8;
    private const int TextBytesMax = 512; // Of the file's name, and of the comment.
    private readonly byte[] _file;
    private readonly int _fileLength;
    private readonly long _sizeLimit;
    private readonly CancellationToken _cancellationToken;
    private byte[] _output;
    private int _written;
    private int _position;

    private GzipReader(byte[] file, int fileLength, long sizeLimit, CancellationToken cancellationToken)
    {
        _file = file;
        _fileLength = fileLength;
        _sizeLimit = sizeLimit;
        _cancellationToken = cancellationToken;
        _output = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(fileLength * 4L, 4096, Array.MaxLength));
    }

    /// <summary>Decompresses all members. The buffer is of the shared pool and the caller's.</summary>
    /// <param name="file">Holds the file.</param>
    /// <param name="fileLength">How long it is.</param>
    /// <param name="sizeLimit">The size of the result that is too large already; 0 for no limit.</param>
    /// <param name="cancellationToken">Ends the work on a large file.</param>
    /// <exception cref="ScrapeException">It is not gzip, damaged, or too large.</exception>
    public static (byte[] Buffer, int Length) ReadAll(byte[] file, int fileLength, long sizeLimit, CancellationToken cancellationToken)
    {
        var reader = new GzipReader(file, fileLength, sizeLimit, cancellationToken);
        try
        {
            reader.ReadMembers();
            return (reader._output, reader._written);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(reader._output);
            throw;
        }
    }

    /// <summary>The bytes that are there to be copied from: those of this member.</summary>
    internal int MemberStart { get; private set; }

    /// <summary>How many bytes have come out.</summary>
    internal int Written => _written;

    internal int Position => _position;

    internal byte ReadByte() => _position < _fileLength ? _file[_position++] : throw new ScrapeException("unexpected EOF");

    internal ReadOnlySpan<byte> ReadBytes(int count)
    {
        if (count > _fileLength - _position)
        {
            _position = _fileLength;
            throw new ScrapeException("unexpected EOF");
        }

        _position += count;
        return _file.AsSpan(_position - count, count);
    }

    internal void Write(byte value)
    {
        MakeRoom(1);
        _output[_written++] = value;
    }

    internal void Write(ReadOnlySpan<byte> values)
    {
        MakeRoom(values.Length);
        values.CopyTo(_output.AsSpan(_written));
        _written += values.Length;
    }

    /// <summary>Repeats what came out before. Source and target may overlap.</summary>
    internal void Repeat(int distance, int length)
    {
        MakeRoom(length);
        for (; length > 0; length--, _written++)
        {
            _output[_written] = _output[_written - distance];
        }
    }

    private void ReadMembers()
    {
        if (_fileLength == 0)
        {
            throw new ScrapeException("EOF");
        }

        var inflater = new Inflater(this);
        while (_position < _fileLength)
        {
            ReadHeader();
            MemberStart = _written;
            inflater.ReadBlocks();
            ReadOnlySpan<byte> member = _output.AsSpan(MemberStart, _written - MemberStart);
            ReadOnlySpan<byte> trailer = ReadBytes(TrailerBytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(trailer) != Crc32.Compute(member) || BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]) != (uint)member.Length)
            {
                throw new ScrapeException("gzip: invalid checksum");
            }
        }
    }

    private void ReadHeader()
    {
        const byte HasChecksum = 2;
        const byte HasExtra = 4;
        const byte HasName = 8;
        const byte HasComment = 16;
        int start = _position;
        ReadOnlySpan<byte> header = ReadBytes(HeaderBytes);
        byte flags = header[3];
        if (header is not [0x1F, 0x8B, 8, ..])
        {
            throw new ScrapeException("gzip: invalid header");
        }

        if ((flags & HasExtra) != 0)
        {
            ReadBytes(BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2)));
        }

        for (int texts = ((flags & HasName) >> 3) + ((flags & HasComment) >> 4); texts > 0; texts--)
        {
            SkipText();
        }

        ushort checksum = (ushort)Crc32.Compute(_file.AsSpan(start, _position - start));
        if ((flags & HasChecksum) != 0 && BinaryPrimitives.ReadUInt16LittleEndian(ReadBytes(2)) != checksum)
        {
            throw new ScrapeException("gzip: invalid header");
        }
    }

    private void SkipText()
    {
        int length = _file.AsSpan(_position, Math.Min(TextBytesMax, _fileLength - _position)).IndexOf((byte)0);
        if (length < 0)
        {
            throw new ScrapeException(_fileLength - _position >= TextBytesMax ? "gzip: invalid header" : "EOF");
        }

        _position += length + 1;
    }

    private void MakeRoom(int count)
    {
        long needed = (long)_written + count;
        if (needed > Array.MaxLength || (_sizeLimit > 0 && needed >= _sizeLimit))
        {
            throw new ScrapeException("body size limit exceeded", ScrapeFailure.BodySizeLimit);
        }

        if (needed > _output.Length)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Math.Max(needed, _output.Length * 2L), Array.MaxLength));
            _output.AsSpan(0, _written).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_output);
            _output = larger;
        }
    }
}
