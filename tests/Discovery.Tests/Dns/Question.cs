using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Narthex.Discovery.Tests.Dns;

/// <summary>What a fake name server was asked, and answers to it built byte by byte, apart from the code under test.</summary>
internal sealed record Question(byte[] Query, string Name, int Type, bool IsStream)
{
    public static Question Parse(byte[] query, bool isStream)
    {
        var name = new StringBuilder();
        int at = 12;
        while (query[at] != 0)
        {
            name.Append(Encoding.ASCII.GetString(query, at + 1, query[at])).Append('.');
            at += query[at] + 1;
        }

        return new Question(query, name.ToString(), BinaryPrimitives.ReadUInt16BigEndian(query.AsSpan(at + 1)), isStream);
    }

    /// <summary>An answer with records; each begins with its owner.</summary>
    public byte[] Answer(int code = 0, bool isTruncated = false, params byte[][] records)
    {
        byte[] question = Query[12..(12 + Encoding.ASCII.GetByteCount(Name) + 1 + 4)];
        byte[] header = [Query[0], Query[1], (byte)(isTruncated ? 0x83 : 0x81), (byte)(0x80 | code), 0, 1, (byte)(records.Length >> 8), (byte)records.Length, 0, 0, 0, 0];
        return [.. header, .. question, .. records.SelectMany(record => record)];
    }

    public static byte[] A(string address) => Record(1, IPAddress.Parse(address).GetAddressBytes());

    public static byte[] Aaaa(string address) => Record(28, IPAddress.Parse(address).GetAddressBytes());

    public static byte[] Cname(string target) => Record(5, NameBytes(target));

    public static byte[] Ns(string target) => Record(2, NameBytes(target));

    public static byte[] Mx(string target) => Record(15, [0, 10, .. NameBytes(target)]);

    public static byte[] Srv(string target, int port) => Record(33, [0, 1, 0, 2, (byte)(port >> 8), (byte)port, .. NameBytes(target)]);

    /// <summary>A record whose owner is a pointer to the question's name.</summary>
    public static byte[] Record(int type, byte[] data) =>
        [0xC0, 12, (byte)(type >> 8), (byte)type, 0, 1, 0, 0, 0, 60, (byte)(data.Length >> 8), (byte)data.Length, .. data];

    private static byte[] NameBytes(string name) =>
        [.. name.TrimEnd('.').Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0];
}
