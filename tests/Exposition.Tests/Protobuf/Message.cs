using System.Buffers.Binary;

namespace Narthex.Exposition.Tests.Protobuf;

/// <summary>Writes a protobuf message, field by field.</summary>
internal sealed class Message
{
    private readonly List<byte> _bytes = [];

    public byte[] Bytes => [.. _bytes];

    public Message Varint(int field, ulong value) => Tag(field, 0).Raw(value);

    public Message Signed(int field, long value) => Varint(field, (ulong)((value << 1) ^ (value >> 63)));

    public Message Double(int field, double value)
    {
        Tag(field, 1);
        AddDouble(value);
        return this;
    }

    public Message Text(int field, string value) => Blob(field, System.Text.Encoding.UTF8.GetBytes(value));

    public Message Sub(int field, Message value) => Blob(field, value.Bytes);

    public Message Blob(int field, byte[] value)
    {
        Tag(field, 2).Raw((ulong)value.Length);
        _bytes.AddRange(value);
        return this;
    }

    public Message PackedSigned(int field, params long[] values)
    {
        var packed = new Message();
        foreach (long value in values)
        {
            packed.Raw((ulong)((value << 1) ^ (value >> 63)));
        }

        return Sub(field, packed);
    }

    public Message PackedDoubles(int field, params double[] values)
    {
        var packed = new Message();
        foreach (double value in values)
        {
            packed.AddDouble(value);
        }

        return Sub(field, packed);
    }

    public static Message Label(string name, string value) => new Message().Text(1, name).Text(2, value);

    public static Message Span(int offset, uint length) => new Message().Signed(1, offset).Varint(2, length);

    public static Message Time(long seconds, int nanoseconds) => new Message().Varint(1, (ulong)seconds).Varint(2, (ulong)nanoseconds);

    public static Message Exemplar(string trace, double value, Message? time) => time is null
        ? new Message().Sub(1, Label("trace_id", trace)).Double(2, value)
        : new Message().Sub(1, Label("trace_id", trace)).Double(2, value).Sub(3, time);

    /// <summary>A family with these metrics.</summary>
    public static Message Family(string name, int type, params Message[] metrics)
    {
        Message family = new Message().Text(1, name).Text(2, "Help of " + name).Varint(3, (ulong)type);
        foreach (Message metric in metrics)
        {
            family.Sub(4, metric);
        }

        return family;
    }

    /// <summary>A body of families, each behind its length.</summary>
    public static byte[] Body(params Message[] families)
    {
        var body = new Message();
        foreach (Message family in families)
        {
            body.Raw((ulong)family._bytes.Count);
            body._bytes.AddRange(family._bytes);
        }

        return body.Bytes;
    }

    private void AddDouble(double value)
    {
        byte[] bytes = new byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        _bytes.AddRange(bytes);
    }

    private Message Tag(int field, int type) => Raw(((ulong)field << 3) | (uint)type);

    private Message Raw(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Add((byte)(value | 0x80));
        }

        _bytes.Add((byte)value);
        return this;
    }
}
