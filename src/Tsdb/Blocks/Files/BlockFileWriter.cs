using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using Narthex.Tsdb.Binary;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Blocks.Files;

/// <summary>Writes a file from start to end through one buffer, with running checksums. Not thread-safe.</summary>
internal sealed class BlockFileWriter : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly byte[] _buffer = new byte[256 << 10];
    private int _buffered;
    private int _checksumFrom;
    private uint _checksum;
    private long _flushed;

    public BlockFileWriter(string path) => _handle = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>How many bytes have been written.</summary>
    public long Position => _flushed + _buffered;

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > _buffer.Length - _buffered)
        {
            int part = _buffer.Length - _buffered;
            bytes[..part].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += part;
            bytes = bytes[part..];
            Flush();
        }

        bytes.CopyTo(_buffer.AsSpan(_buffered));
        _buffered += bytes.Length;
    }

    public void WriteByte(byte value) => Write([value]);

    public void WriteUInt32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Write(bytes);
    }

    public void WriteUInt64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Write(bytes);
    }

    public void WriteUvarint(ulong value)
    {
        Span<byte> bytes = stackalloc byte[ByteWriter.UvarintBytesMax];
        Write(bytes[..ByteWriter.PutUvarint(bytes, value)]);
    }

    public void WriteString(ReadOnlySpan<byte> text)
    {
        WriteUvarint((uint)text.Length);
        Write(text);
    }

    /// <summary>Writes zeros up to the next multiple of <paramref name="alignment"/>.</summary>
    public void Pad(int alignment)
    {
        int missing = (int)(-Position & (alignment - 1));
        ReadOnlySpan<byte> zeros = stackalloc byte[16];
        Write(zeros[..missing]);
    }

    /// <summary>The next checksum begins here.</summary>
    public void BeginChecksum()
    {
        _checksum = 0;
        _checksumFrom = _buffered;
    }

    /// <summary>Writes the checksum of everything since <see cref="BeginChecksum"/>.</summary>
    public void WriteChecksum()
    {
        uint checksum = Crc32C.Append(_checksum, _buffer.AsSpan(_checksumFrom.._buffered));
        WriteUInt32(checksum);
    }

    /// <summary>Overwrites four bytes that were written before.</summary>
    public void Patch(long position, uint value)
    {
        Flush();
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        FileWriting.Write(_handle, bytes, position);
    }

    public void Flush()
    {
        _checksum = Crc32C.Append(_checksum, _buffer.AsSpan(_checksumFrom.._buffered));
        _checksumFrom = 0;
        FileWriting.Write(_handle, _buffer.AsSpan(0, _buffered), _flushed);
        _flushed += _buffered;
        _buffered = 0;
    }

    /// <summary>Writes everything and waits until the disk has it.</summary>
    public void Sync()
    {
        Flush();
        RandomAccess.FlushToDisk(_handle);
    }

    /// <summary>Appends what another writer has written.</summary>
    public void CopyFrom(BlockFileWriter other)
    {
        other.Flush();
        byte[] part = new byte[128 << 10];
        for (long offset = 0; offset < other._flushed;)
        {
            int count = RandomAccess.Read(other._handle, part, offset);
            if (count == 0)
            {
                throw new EndOfStreamException("a temporary file was cut");
            }

            Write(part.AsSpan(0, count));
            offset += count;
        }
    }

    public void Dispose() => _handle.Dispose();
}
