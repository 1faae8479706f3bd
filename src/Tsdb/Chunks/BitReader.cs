using System.Buffers.Binary;
using System.Numerics;
using Narthex.Tsdb.Binary;

namespace Narthex.Tsdb.Chunks;

/// <summary>Reads bits, most significant first, from bytes that nobody vouches for.</summary>
/// <remarks>As <see cref="ByteReader"/>: it never throws and never reads past the end, but fails, and from then on reads zeros.</remarks>
internal ref struct BitReader(ReadOnlySpan<byte> source)
{
    private readonly ReadOnlySpan<byte> _source = source;
    private long _position;

    /// <summary>Whether a read went past the end or met something impossible.</summary>
    public bool Failed { get; private set; }

    /// <summary>The bits that are left; none once the reader has failed.</summary>
    public readonly long Remaining => Failed ? 0 : ((long)_source.Length << 3) - _position;

    /// <summary>Makes the reader fail: for callers that find a value out of its range.</summary>
    public void Fail() => Failed = true;

    /// <summary>Reads one bit.</summary>
    public bool ReadBit() => ReadBits(1) != 0;

    /// <summary>Reads up to 64 bits.</summary>
    public ulong ReadBits(int count)
    {
        if (count > Remaining)
        {
            Failed = true;
            return 0;
        }

        ulong value = Peek() >> (64 - count);
        _position += count;
        return value;
    }

    /// <summary>Reads a number as <see cref="BitBuffer.WriteVarint"/> wrote it.</summary>
    public long ReadVarint()
    {
        int size = ReadSize();
        if (size is 0 or 64)
        {
            return (long)(size == 0 ? 0 : ReadBits(64));
        }

        // The range is lopsided towards the positive side, unlike two's complement.
        long value = (long)ReadBits(size);
        return value > 1L << (size - 1) ? value - (1L << size) : value;
    }

    /// <summary>Reads a number as <see cref="BitBuffer.WriteUvarint"/> wrote it.</summary>
    public ulong ReadUvarint()
    {
        int size = ReadSize();
        return size == 0 ? 0 : ReadBits(size);
    }

    /// <summary>Reads the change of a float's bits, as <see cref="BitBuffer.WriteXor"/> wrote it.</summary>
    public void ReadXor(ref XorValue value)
    {
        if (!ReadBit())
        {
            return;
        }

        if (ReadBit())
        {
            int leading = (int)ReadBits(5);
            int significant = (int)ReadBits(6);
            significant = significant == 0 ? 64 : significant;
            if (leading + significant > 64)
            {
                Failed = true;
                return;
            }

            value.Leading = (byte)leading;
            value.Trailing = (byte)(64 - leading - significant);
        }
        else if (value.Leading == XorValue.NoWindow)
        {
            value.Leading = 0;
        }

        value.Bits ^= ReadBits(64 - value.Leading - value.Trailing) << value.Trailing;
    }

    // Up to eight ones and a zero say how many bits follow.
    private int ReadSize()
    {
        int ones = BitOperations.LeadingZeroCount(~Peek());
        if (ones >= 8)
        {
            ReadBits(8);
            return 64;
        }

        ReadBits(ones + 1);
        return BitBuffer.VarintSizes[ones];
    }

    // The next 64 bits; zeros behind the end.
    private readonly ulong Peek()
    {
        int index = (int)(_position >> 3);
        int used = (int)(_position & 7);
        if (index + 9 <= _source.Length)
        {
            ulong whole = BinaryPrimitives.ReadUInt64BigEndian(_source[index..]);
            return used == 0 ? whole : whole << used | (uint)(_source[index + 8] >> (8 - used));
        }

        Span<byte> tail = stackalloc byte[9];
        tail.Clear();
        if (index < _source.Length)
        {
            ReadOnlySpan<byte> rest = _source[index..];
            rest[..Math.Min(9, rest.Length)].CopyTo(tail);
        }

        ulong word = BinaryPrimitives.ReadUInt64BigEndian(tail);
        return used == 0 ? word : word << used | (uint)(tail[8] >> (8 - used));
    }
}

/// <summary>A float whose changes are written, with the window of bits that the last change had.</summary>
internal struct XorValue
{
    /// <summary>No window has been written yet.</summary>
    public const byte NoWindow = 0xFF;

    public ulong Bits;
    public byte Leading;
    public byte Trailing;

    public readonly double Value => BitConverter.UInt64BitsToDouble(Bits);

    public static XorValue Start(double value) => new() { Bits = BitConverter.DoubleToUInt64Bits(value), Leading = NoWindow };
}
