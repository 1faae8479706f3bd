using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Narthex.Exposition.Protobuf;

/// <summary>The ways a protobuf field is encoded.</summary>
internal enum WireType : byte
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>A range of the body of a scrape.</summary>
internal readonly record struct Range32(int Start, int End)
{
    public int Length => End - Start;

    public bool IsEmpty => End == Start;
}

/// <summary>Goes through the fields of one protobuf message, which is a range of a body.</summary>
/// <remarks>
/// Format: https://protobuf.dev/programming-guides/encoding. <see cref="Read"/> reads a field whole, its value included, so that what the reader
/// does not know is passed over by reading on. Groups, which nobody sends, are refused. Nothing is allocated.
/// </remarks>
internal ref struct WireReader(ReadOnlySpan<byte> body, Range32 message)
{
    private readonly ReadOnlySpan<byte> _body = body;
    private readonly int _end = message.End;

    /// <summary>Where the field behind the present one begins.</summary>
    public int Position { get; private set; } = message.Start;

    /// <summary>Where the present field begins, with its number.</summary>
    public int FieldStart { get; private set; }

    public int Field { get; private set; }

    public WireType Type { get; private set; }

    /// <summary>The value of a number, fixed or not.</summary>
    public ulong Number { get; private set; }

    /// <summary>Where the bytes of a text, message or packed list are.</summary>
    public Range32 Bytes { get; private set; }

    public readonly double Double => BitConverter.UInt64BitsToDouble(Number);

    /// <summary>A number in zigzag form.</summary>
    public readonly long Signed => (long)(Number >> 1) ^ -(long)(Number & 1);

    /// <summary>Goes to the next field. False at the end of the message.</summary>
    /// <exception cref="ExpositionException">The bytes are no message.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Read()
    {
        FieldStart = Position;
        if (Position >= _end)
        {
            return false;
        }

        ulong tag = ReadVarint();
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        if (tag > uint.MaxValue || tag >> 3 == 0)
        {
            throw new ExpositionException($"proto: illegal tag {tag >> 3} (wire type {tag & 7})");
        }

        switch (Type)
        {
            case WireType.Varint:
                Number = ReadVarint();
                return true;
            case WireType.Fixed64:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(sizeof(ulong)));
                return true;
            case WireType.Fixed32:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(sizeof(uint)));
                return true;
            case WireType.Bytes:
                ulong length = ReadVarint();
                if (length > (ulong)(_end - Position))
                {
                    throw EndTooSoon();
                }

                Bytes = new Range32(Position, Position + (int)length);
                Position += (int)length;
                return true;
            default:
                throw new ExpositionException($"proto: illegal wireType {(byte)Type}");
        }
    }

    /// <summary>Whether the present field is this one, encoded this way.</summary>
    public readonly bool Is(int field, WireType type) => Field == field && Type == type;

    /// <summary>Reads a number outside of a field: an element of a packed list, or a length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (Position >= _end)
            {
                throw EndTooSoon();
            }

            byte next = _body[Position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new ExpositionException("proto: integer overflow");
    }

    /// <summary>Whether elements of a packed list are left.</summary>
    public readonly bool HasMore => Position < _end;

    /// <summary>Reads a number of a packed list in zigzag form.</summary>
    public long ReadSigned()
    {
        ulong value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Reads a double of a packed list.</summary>
    public double ReadDouble() => BinaryPrimitives.ReadDoubleLittleEndian(Take(sizeof(double)));

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _end - Position)
        {
            throw EndTooSoon();
        }

        Position += count;
        return _body.Slice(Position - count, count);
    }

    private static ExpositionException EndTooSoon() => new("unexpected EOF");
}
