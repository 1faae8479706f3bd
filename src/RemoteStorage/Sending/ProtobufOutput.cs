using System.Buffers;
using System.Buffers.Binary;

namespace Narthex.RemoteStorage.Sending;

/// <summary>Writes the parts that protobuf messages are made of.</summary>
internal static class ProtobufOutput
{
    public static void WriteBytes(this ArrayBufferWriter<byte> output, byte tag, ReadOnlySpan<byte> bytes)
    {
        output.WriteByte(tag);
        output.WriteVarint((ulong)bytes.Length);
        output.Write(bytes);
    }

    public static void WriteByte(this ArrayBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public static void WriteVarint(this ArrayBufferWriter<byte> output, ulong value)
    {
        while (value >= 0x80)
        {
            output.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        output.WriteByte((byte)value);
    }

    /// <summary>A sample as both versions have it: <c>Sample { double value = 1; int64 timestamp = 2 }</c>.</summary>
    public static void WriteSample(this ArrayBufferWriter<byte> output, long timestampMs, double value)
    {
        const byte Field1Fixed64 = (1 << 3) | 1;
        const byte Field2Varint = 2 << 3;
        Span<byte> number = output.GetSpan(9);
        number[0] = Field1Fixed64;
        BinaryPrimitives.WriteDoubleLittleEndian(number[1..], value);
        output.Advance(9);
        output.WriteByte(Field2Varint);
        output.WriteVarint((ulong)timestampMs);
    }
}
