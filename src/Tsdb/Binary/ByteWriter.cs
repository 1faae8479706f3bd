using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Narthex.Tsdb.Binary;

/// <summary>A byte buffer that grows, with the integers and strings of the on-disk formats. Reused by its owner; not thread-safe.</summary>
public sealed class ByteWriter
{
    /// <summary>The most bytes that <see cref="WriteUvarint"/> needs.</summary>
    public const int UvarintBytesMax = 10;

    private byte[] _buffer;

    /// <summary>Makes one with room for <paramref name="capacity"/> bytes.</summary>
    public ByteWriter(int capacity = 256) => _buffer = new byte[capacity];

    /// <summary>The bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes it can hold without growing.</summary>
    public int Capacity => _buffer.Length;

    /// <summary>What was written. Valid until the next write.</summary>
    public ReadOnlySpan<byte> WrittenSpan => _buffer.AsSpan(0, Length);

    /// <summary>Forgets what was written and keeps the memory, unless it is more than <paramref name="keptBytesMax"/>.</summary>
    public void Clear(int keptBytesMax = int.MaxValue)
    {
        Length = 0;
        if (_buffer.Length > keptBytesMax)
        {
            _buffer = new byte[keptBytesMax];
        }
    }

    /// <summary>Forgets what was written behind the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)length, (uint)Length, nameof(length));
        Length = length;
    }

    /// <summary>Room for at least <paramref name="sizeHint"/> bytes behind what was written; <see cref="Advance"/> then counts them.</summary>
    public Span<byte> GetSpan(int sizeHint)
    {
        if (_buffer.Length - Length < sizeHint)
        {
            Grow(sizeHint);
        }

        return _buffer.AsSpan(Length);
    }

    /// <summary>Counts <paramref name="count"/> bytes that were written into <see cref="GetSpan"/>.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - Length), nameof(count));
        Length += count;
    }

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        GetSpan(1)[0] = value;
        Length++;
    }

    /// <summary>Writes two bytes, most significant first.</summary>
    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(GetSpan(2), value);
        Length += 2;
    }

    /// <summary>Writes four bytes, most significant first.</summary>
    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(GetSpan(4), value);
        Length += 4;
    }

    /// <summary>Writes eight bytes, most significant first.</summary>
    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(GetSpan(8), value);
        Length += 8;
    }

    /// <summary>Writes eight bytes, most significant first.</summary>
    public void WriteInt64(long value) => WriteUInt64((ulong)value);

    /// <summary>Writes the bits of a float, most significant first.</summary>
    public void WriteDouble(double value) => WriteUInt64(BitConverter.DoubleToUInt64Bits(value));

    /// <summary>Writes an unsigned number in seven bits a byte, least significant first.</summary>
    public void WriteUvarint(ulong value) => Length += PutUvarint(GetSpan(UvarintBytesMax), value);

    /// <summary>Writes a signed number: zigzag, then seven bits a byte.</summary>
    public void WriteVarint(long value) => Length += PutVarint(GetSpan(UvarintBytesMax), value);

    /// <summary>Writes a length and that many bytes.</summary>
    public void WriteString(ReadOnlySpan<byte> text)
    {
        WriteUvarint((uint)text.Length);
        WriteBytes(text);
    }

    /// <summary>Writes bytes as they are.</summary>
    public void WriteBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Writes <paramref name="value"/> at the start of <paramref name="destination"/> and returns its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PutUvarint(Span<byte> destination, ulong value)
    {
        int length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            destination[length++] = (byte)(value | 0x80);
        }

        destination[length] = (byte)value;
        return length + 1;
    }

    /// <summary>Writes <paramref name="value"/> in zigzag form at the start of <paramref name="destination"/> and returns its length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int PutVarint(Span<byte> destination, long value) => PutUvarint(destination, (ulong)((value << 1) ^ (value >> 63)));

    private void Grow(int needed)
    {
        long capacity = Math.Max((long)Length + needed, Math.Max(256, _buffer.Length * 2L));
        Array.Resize(ref _buffer, (int)Math.Min(capacity, Math.Max(Array.MaxLength, (long)Length + needed)));
    }
}
