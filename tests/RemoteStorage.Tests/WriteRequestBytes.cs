using System.Buffers.Binary;
using System.Text;

namespace Narthex.RemoteStorage.Tests;

/// <summary>Builds remote write messages byte by byte from the published definitions.</summary>
internal sealed class WriteRequestBytes
{
    private readonly MemoryStream _request = new();

    public static byte[] Label(string name, string value) => Label(Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));

    public static byte[] Label(byte[] name, byte[] value) => Field(1, [.. Field(1, name), .. Field(2, value)]);

    public static byte[] Sample(long timestampMs, double value) => Field(2, [.. Double(1, value), .. Varint(2, (ulong)timestampMs)]);

    public static byte[] Double(int field, double value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return [.. Number(((ulong)field << 3) | 1), .. bytes];
    }

    public static byte[] Varint(int field, ulong value) => [.. Number((ulong)field << 3), .. Number(value)];

    public static byte[] Signed(int field, long value) => Varint(field, (ulong)((value << 1) ^ (value >> 63)));

    public static byte[] Field(int field, params byte[] bytes) => [.. Number(((ulong)field << 3) | 2), .. Number((ulong)bytes.Length), .. bytes];

    public static byte[] Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return [.. bytes];
    }

    public WriteRequestBytes Series(params byte[][] parts)
    {
        _request.Write(Field(1, [.. parts.SelectMany(part => part)]));
        return this;
    }

    public byte[] ToArray() => _request.ToArray();

    public byte[] Compress() => IronSnappy.Snappy.Encode(_request.ToArray());
}
