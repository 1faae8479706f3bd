using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Narthex.RemoteStorage.Protobuf;

/// <summary>The ways a protobuf field is encoded.</summary>
internal enum WireType : byte
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>Reads the fields of one protobuf message from a span.</summary>
/// <remarks>
/// Format: https://protobuf.dev/programming-guides/encoding. Nothing is trusted: bytes that do not fit end the
/// reading and set <see cref="Failed"/>. Call <see cref="Read"/>, then one of the value readers, or skip.
/// </remarks>
internal ref struct ProtoReader(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>Whether the bytes were not a message.</summary>
    public bool Failed { get; private set; }

    /// <summary>The number of the field that <see cref="Read"/> reached.</summary>
    public int Field { get; private set; }

    /// <summary>How its value is encoded.</summary>
    public WireType Type { get; private set; }

    /// <summary>What is left to read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Goes to the next field. False at the end, or if the bytes are broken.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Read()
    {
        if (_rest.IsEmpty || Failed)
        {
            return false;
        }

        ulong tag = ReadVarint();
        Field = (int)(tag >> 3);
        Type = (WireType)(tag & 7);
        Failed |= Field is 0 or > 0x1FFFFFFF || tag > uint.MaxValue;
        return !Failed;
    }

    /// <summary>The value of a varint field.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        if (!_rest.IsEmpty && _rest[0] < 0x80)
        {
            ulong value = _rest[0];
            _rest = _rest[1..];
            return value;
        }

        return ReadLongVarint();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private ulong ReadLongVarint()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < _rest.Length; i++)
        {
            byte next = _rest[i];
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

    /// <summary>The value of a varint field in zigzag form.</summary>
    public long ReadSignedVarint()
    {
        ulong value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>The value of a double field.</summary>
    public double ReadDouble()
    {
        if (_rest.Length < sizeof(double))
        {
            Fail();
            return 0;
        }

        double value = BinaryPrimitives.ReadDoubleLittleEndian(_rest);
        _rest = _rest[sizeof(double)..];
        return value;
    }

    /// <summary>The bytes of a string, a message or a packed list.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> ReadBytes()
    {
        ulong length = ReadVarint();
        if (length > (ulong)_rest.Length)
        {
            Fail();
            return default;
        }

        ReadOnlySpan<byte> bytes = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return bytes;
    }

    /// <summary>Passes over the value of a field that is not known.</summary>
    public void Skip()
    {
        switch (Type)
        {
            case WireType.Varint:
                ReadVarint();
                break;
            case WireType.Bytes:
                ReadBytes();
                break;
            case WireType.Fixed64 when _rest.Length >= 8:
                _rest = _rest[8..];
                break;
            case WireType.Fixed32 when _rest.Length >= 4:
                _rest = _rest[4..];
                break;
            default:
                Fail();
                break;
        }
    }

    /// <summary>Gives up on the message.</summary>
    public void Fail()
    {
        Failed = true;
        _rest = default;
    }
}
