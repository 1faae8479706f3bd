using System.Buffers.Binary;
using System.Numerics;

namespace Narthex.Tsdb.Chunks;

/// <summary>Bytes that grow bit by bit. Behind the last bit, its byte has zeros.</summary>
internal sealed class BitBuffer(int capacity)
{
    // What one write of up to 64 bits may touch.
    private const int SlackBytes = 9;

    private byte[] _bytes = new byte[capacity + SlackBytes];
    private int _position;

    /// <summary>How many bits follow zero to seven ones and a zero; after eight ones there are 64.</summary>
    public static ReadOnlySpan<byte> VarintSizes => [0, 3, 6, 9, 12, 18, 25, 56];

    /// <summary>The bytes begun so far.</summary>
    public int ByteCount => (_position + 7) >> 3;

    /// <summary>What was written.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, ByteCount);

    /// <summary>Bytes held, in use or not.</summary>
    public int Capacity => _bytes.Length;

    /// <summary>Changes what is written already.</summary>
    public Span<byte> Patch(int start, int length) => _bytes.AsSpan(start, length);

    /// <summary>Writes the low bits of a value.</summary>
    public void Write(ulong value, int bitCount)
    {
        if ((_position >> 3) + SlackBytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length + (_bytes.Length / 2) + SlackBytes);
        }

        _position = XorEncoder.Write(_bytes, _position, value, bitCount);
    }

    /// <summary>Writes all bits of a float.</summary>
    public void WriteDouble(double value) => Write(BitConverter.DoubleToUInt64Bits(value), 64);

    /// <summary>Writes a signed number in as few bits as its size class takes: 1 to 72.</summary>
    public void WriteVarint(long value)
    {
        for (int ones = 0; ones < VarintSizes.Length; ones++)
        {
            int size = VarintSizes[ones];

            // Lopsided, as in the times of XOR chunks: 3 bits hold -3 to 4.
            if (size == 0 ? value == 0 : value >= -((1L << (size - 1)) - 1) && value <= 1L << (size - 1))
            {
                WriteSized(ones, size, (ulong)value);
                return;
            }
        }

        Write(0xFF, 8);
        Write((ulong)value, 64);
    }

    /// <summary>Writes an unsigned number in as few bits as its size class takes: 1 to 72.</summary>
    public void WriteUvarint(ulong value)
    {
        for (int ones = 0; ones < VarintSizes.Length; ones++)
        {
            int size = VarintSizes[ones];
            if (value >> size == 0)
            {
                WriteSized(ones, size, value);
                return;
            }
        }

        Write(0xFF, 8);
        Write(value, 64);
    }

    /// <summary>Writes how a float's bits differ from the last ones.</summary>
    public void WriteXor(ref XorValue last, double value)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        ulong xor = bits ^ last.Bits;
        last.Bits = bits;
        if (xor == 0)
        {
            Write(0, 1);
            return;
        }

        int leading = Math.Min(BitOperations.LeadingZeroCount(xor), 31);
        int trailing = BitOperations.TrailingZeroCount(xor);
        if (last.Leading != XorValue.NoWindow && leading >= last.Leading && trailing >= last.Trailing)
        {
            Write(0b10, 2);
            Write(xor >> last.Trailing, 64 - last.Leading - last.Trailing);
            return;
        }

        int significant = 64 - leading - trailing;
        last.Leading = (byte)leading;
        last.Trailing = (byte)trailing;

        // Six bits for the length: 64 is written as 0, which cannot occur otherwise.
        Write(0b11UL << 11 | (ulong)leading << 6 | (uint)significant & 63, 13);
        Write(xor >> trailing, significant);
    }

    private void WriteSized(int ones, int size, ulong value)
    {
        Write((1UL << (ones + 1)) - 2, ones + 1);
        if (size > 0)
        {
            Write(value & ((1UL << size) - 1), size);
        }
    }
}
