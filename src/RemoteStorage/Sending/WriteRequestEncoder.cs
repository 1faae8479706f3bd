using System.Buffers;
using System.Buffers.Binary;
using Narthex.Model;

namespace Narthex.RemoteStorage.Sending;

/// <summary>Encodes samples as a <c>prometheus.WriteRequest</c>: one series of labels and one sample for each.</summary>
/// <remarks>
/// The message: <c>WriteRequest { repeated TimeSeries timeseries = 1 }</c>, <c>TimeSeries { repeated Label labels = 1; repeated Sample samples = 2 }</c>,
/// <c>Label { string name = 1; string value = 2 }</c>, <c>Sample { double value = 1; int64 timestamp = 2 }</c>.
/// </remarks>
public sealed class WriteRequestEncoder
{
    private const byte Field1Bytes = (1 << 3) | 2;
    private const byte Field2Bytes = (2 << 3) | 2;
    private const byte Field1Fixed64 = (1 << 3) | 1;
    private const byte Field2Varint = 2 << 3;

    private readonly ArrayBufferWriter<byte> _message = new();
    private readonly ArrayBufferWriter<byte> _series = new();
    private readonly ArrayBufferWriter<byte> _part = new();

    /// <summary>Adds a sample.</summary>
    public void Add(Labels labels, long timestampMs, double value)
    {
        _series.ResetWrittenCount();
        foreach (LabelPair label in labels)
        {
            _part.ResetWrittenCount();
            WriteBytes(_part, Field1Bytes, label.Name);
            WriteBytes(_part, Field2Bytes, label.Value);
            WriteBytes(_series, Field1Bytes, _part.WrittenSpan);
        }

        _part.ResetWrittenCount();
        Span<byte> number = _part.GetSpan(9);
        number[0] = Field1Fixed64;
        BinaryPrimitives.WriteDoubleLittleEndian(number[1..], value);
        _part.Advance(9);
        WriteByte(_part, Field2Varint);
        WriteVarint(_part, (ulong)timestampMs);
        WriteBytes(_series, Field2Bytes, _part.WrittenSpan);
        WriteBytes(_message, Field1Bytes, _series.WrittenSpan);
    }

    /// <summary>The message so far, not compressed.</summary>
    public byte[] ToArray() => _message.WrittenSpan.ToArray();

    private static void WriteBytes(ArrayBufferWriter<byte> output, byte tag, ReadOnlySpan<byte> bytes)
    {
        WriteByte(output, tag);
        WriteVarint(output, (ulong)bytes.Length);
        output.Write(bytes);
    }

    private static void WriteByte(ArrayBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    private static void WriteVarint(ArrayBufferWriter<byte> output, ulong value)
    {
        while (value >= 0x80)
        {
            WriteByte(output, (byte)(value | 0x80));
            value >>= 7;
        }

        WriteByte(output, (byte)value);
    }
}
