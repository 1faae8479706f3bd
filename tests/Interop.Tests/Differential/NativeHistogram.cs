using System.Buffers.Binary;

namespace Narthex.Interop.Tests.Differential;

/// <summary>A native histogram, and its message in remote write 1.0.</summary>
internal sealed record NativeHistogram
{
    private static readonly double s_staleSum = BitConverter.Int64BitsToDouble(0x7ff0000000000002);

    public static NativeHistogram Stale { get; } = new() { Sum = s_staleSum };

    public int Schema { get; init; }

    public double ZeroThreshold { get; init; }

    public double ZeroCount { get; init; }

    public double Sum { get; init; }

    /// <summary>0: unknown, 1: reset, 2: no reset, 3: gauge.</summary>
    public int Hint { get; init; }

    public (int Offset, int Length)[] PositiveSpans { get; init; } = [];

    public double[] PositiveCounts { get; init; } = [];

    public (int Offset, int Length)[] NegativeSpans { get; init; } = [];

    public double[] NegativeCounts { get; init; } = [];

    public double[] CustomValues { get; init; } = [];

    /// <summary>Observations that are in no bucket.</summary>
    public double NanCount { get; init; }

    /// <summary>All observations.</summary>
    public double Count => ZeroCount + PositiveCounts.Sum() + NegativeCounts.Sum() + NanCount;

    /// <summary>Whether it is sent as an integer histogram. All counts must be integers then.</summary>
    public bool IsInteger { get; init; }

    public byte[] Encode(long timestampMs)
    {
        var message = new MemoryStream();
        WriteCount(message, 1, 2, Count);
        Double(message, 3, Sum);
        Tag(message, 4, 0);
        Varint(message, ZigZag(Schema));
        Double(message, 5, ZeroThreshold);
        WriteCount(message, 6, 7, ZeroCount);
        Spans(message, 8, NegativeSpans);
        Counts(message, 9, 10, NegativeCounts);
        Spans(message, 11, PositiveSpans);
        Counts(message, 12, 13, PositiveCounts);
        Tag(message, 14, 0);
        Varint(message, (ulong)Hint);
        Tag(message, 15, 0);
        Varint(message, (ulong)timestampMs);
        Doubles(message, 16, CustomValues);
        return message.ToArray();
    }

    private static void Spans(MemoryStream message, int field, (int Offset, int Length)[] spans)
    {
        foreach ((int offset, int length) in spans)
        {
            var span = new MemoryStream();
            Tag(span, 1, 0);
            Varint(span, ZigZag(offset));
            Tag(span, 2, 0);
            Varint(span, (ulong)length);
            Bytes(message, field, span.ToArray());
        }
    }

    private void WriteCount(MemoryStream message, int integerField, int floatField, double count)
    {
        if (IsInteger)
        {
            Tag(message, integerField, 0);
            Varint(message, (ulong)count);
        }
        else
        {
            Double(message, floatField, count);
        }
    }

    private void Counts(MemoryStream message, int deltaField, int floatField, double[] counts)
    {
        if (!IsInteger)
        {
            Doubles(message, floatField, counts);
            return;
        }

        var packed = new MemoryStream();
        int previous = 0;
        foreach (double count in counts)
        {
            Varint(packed, ZigZag((int)count - previous));
            previous = (int)count;
        }

        if (counts.Length > 0)
        {
            Bytes(message, deltaField, packed.ToArray());
        }
    }

    private static void Doubles(MemoryStream message, int field, double[] values)
    {
        byte[] packed = new byte[8 * values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(packed.AsSpan(8 * i), values[i]);
        }

        if (values.Length > 0)
        {
            Bytes(message, field, packed);
        }
    }

    private static void Double(MemoryStream message, int field, double value)
    {
        Tag(message, field, 1);
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        message.Write(bytes);
    }

    private static void Bytes(MemoryStream message, int field, byte[] bytes)
    {
        Tag(message, field, 2);
        Varint(message, (ulong)bytes.Length);
        message.Write(bytes);
    }

    private static void Tag(MemoryStream message, int field, int wireType) => Varint(message, (ulong)((field << 3) | wireType));

    private static ulong ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    private static void Varint(MemoryStream message, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            message.WriteByte((byte)(value | 0x80));
        }

        message.WriteByte((byte)value);
    }
}
