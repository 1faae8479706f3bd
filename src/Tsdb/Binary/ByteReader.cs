using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Narthex.Tsdb.Binary;

/// <summary>Reads the integers and strings of the on-disk formats from bytes that nobody vouches for.</summary>
/// <remarks>
/// It never throws and never reads past the end. The first read that does not fit makes it <see cref="Failed"/>:
/// that read and all later ones return zero or nothing, so that a loop over fields needs one check at its end.
/// </remarks>
public ref struct ByteReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> _rest = source;

    /// <summary>Whether a read went past the end or met a malformed number.</summary>
    public bool Failed { get; private set; }

    /// <summary>The bytes that are left; none once the reader has failed.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>The bytes that are left.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Makes the reader fail: for callers that find a value out of its range.</summary>
    public void Fail()
    {
        Failed = true;
        _rest = default;
    }

    /// <summary>Reads one byte.</summary>
    public byte ReadByte()
    {
        if (_rest.IsEmpty)
        {
            Fail();
            return 0;
        }

        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    /// <summary>Reads two bytes, most significant first.</summary>
    public ushort ReadUInt16() => TryTake(2, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;

    /// <summary>Reads four bytes, most significant first.</summary>
    public uint ReadUInt32() => TryTake(4, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    /// <summary>Reads eight bytes, most significant first.</summary>
    public ulong ReadUInt64() => TryTake(8, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : 0;

    /// <summary>Reads eight bytes, most significant first, as a signed number.</summary>
    public long ReadInt64() => (long)ReadUInt64();

    /// <summary>Reads eight bytes, most significant first, as the bits of a float.</summary>
    public double ReadDouble() => BitConverter.UInt64BitsToDouble(ReadUInt64());

    /// <summary>Reads an unsigned number of seven bits a byte, least significant first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadUvarint()
    {
        if (!_rest.IsEmpty && _rest[0] < 0x80)
        {
            ulong value = _rest[0];
            _rest = _rest[1..];
            return value;
        }

        return ReadLongUvarint();
    }

    /// <summary>Reads a signed number: zigzag, then seven bits a byte.</summary>
    public long ReadVarint()
    {
        ulong value = ReadUvarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>
    /// Reads the number of items that follow. Fails if they cannot all fit into the bytes that are left, each having at
    /// least <paramref name="bytesPerItemMin"/>: so nobody allocates for a count that is a lie.
    /// </summary>
    public int ReadCount(int bytesPerItemMin)
    {
        ulong count = ReadUvarint();
        if (count > (ulong)(_rest.Length / bytesPerItemMin))
        {
            Fail();
            return 0;
        }

        return (int)count;
    }

    /// <summary>Reads a length (<see cref="ReadUvarint"/>) and that many bytes, as a view of the source.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        ulong length = ReadUvarint();
        if (length > (ulong)_rest.Length)
        {
            Fail();
            return default;
        }

        TryTake((int)length, out ReadOnlySpan<byte> bytes);
        return bytes;
    }

    /// <summary>Reads the next <paramref name="count"/> bytes, as a view of the source.</summary>
    public ReadOnlySpan<byte> ReadBytes(int count)
    {
        TryTake(count, out ReadOnlySpan<byte> bytes);
        return bytes;
    }

    private ulong ReadLongUvarint()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < _rest.Length; i++)
        {
            byte next = _rest[i];
            if (i == 9 && next > 1)
            {
                break; // The tenth byte has room for the 64th bit only.
            }

            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        Fail();
        return 0;
    }

    private bool TryTake(int count, out ReadOnlySpan<byte> bytes)
    {
        if ((uint)count > (uint)_rest.Length)
        {
            Fail();
            bytes = default;
            return false;
        }

        bytes = _rest[..count];
        _rest = _rest[count..];
        return true;
    }
}
