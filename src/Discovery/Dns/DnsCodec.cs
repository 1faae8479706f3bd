using System.Buffers.Binary;
using System.Net;

namespace Narthex.Discovery.Dns;

/// <summary>Writes questions and reads answers (RFC 1035, section 4; RFC 6891 for the larger datagrams).</summary>
internal static class DnsCodec
{
    /// <summary>Room for any question: header, name, type and class, and the record that announces larger datagrams.</summary>
    public const int QueryBytesMax = HeaderBytes + 255 + 4 + 11;

    // The size that passes without fragments almost everywhere (DNS flag day 2020). What is larger comes over TCP.
    private const ushort DatagramBytes = 1232;
    private const int HeaderBytes = 12;
    private const ushort ClassInternet = 1;
    private const ushort TypeOpt = 41;

    /// <summary>Writes a question that asks for recursion. Answers its length.</summary>
    public static int WriteQuery(Span<byte> destination, ushort id, string name, DnsRecordType type, bool allowLargeDatagram)
    {
        destination[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt16BigEndian(destination, id);
        destination[2] = 0x01; // Recursion desired.
        destination[5] = 1; // One question.
        int end = HeaderBytes + DnsName.Write(name, destination[HeaderBytes..]);
        BinaryPrimitives.WriteUInt16BigEndian(destination[end..], (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(destination[(end + 2)..], ClassInternet);
        end += 4;
        if (allowLargeDatagram)
        {
            destination[11] = 1; // One additional record: of the root, with the size in place of a class.
            destination.Slice(end, 11).Clear();
            BinaryPrimitives.WriteUInt16BigEndian(destination[(end + 1)..], TypeOpt);
            BinaryPrimitives.WriteUInt16BigEndian(destination[(end + 3)..], DatagramBytes);
            end += 11;
        }

        return end;
    }

    /// <summary>Whether a message answers this question at all: what does not is noise or an attempt to plant an answer.</summary>
    public static bool IsAnswerTo(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        if (message.Length < HeaderBytes || !message[..2].SequenceEqual(query[..2]) || (message[2] & 0x80) == 0)
        {
            return false;
        }

        // A server that could not even read the question may leave it out.
        int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        if (questions == 0)
        {
            return (message[3] & 0x0F) != 0;
        }

        int at = HeaderBytes;
        int askedAt = HeaderBytes;
        return questions == 1
            && DnsName.TryRead(message, ref at, out string name)
            && DnsName.TryRead(query, ref askedAt, out string asked)
            && string.Equals(name, asked, StringComparison.OrdinalIgnoreCase)
            && at + 4 <= message.Length
            && message.Slice(at, 4).SequenceEqual(query.Slice(askedAt, 4));
    }

    /// <summary>Reads a message that answers. Records of other types are left out.</summary>
    /// <exception cref="DnsException">The message is malformed.</exception>
    public static DnsAnswer Read(ReadOnlySpan<byte> message)
    {
        bool isTruncated = (message[2] & 0x02) != 0;
        var code = (DnsResponseCode)(message[3] & 0x0F);
        if (isTruncated)
        {
            // It is asked again over TCP; the piece that is here may end anywhere.
            return new DnsAnswer(code, true, []);
        }

        int at = HeaderBytes;
        if (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) > 0)
        {
            ReadName(message, ref at);
            at += 4;
        }

        var records = new List<DnsRecord>();
        for (int left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            ReadName(message, ref at);
            if (at + 10 > message.Length)
            {
                throw Malformed();
            }

            var type = (DnsRecordType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            int recordClass = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
            int end = at + 10 + BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            if (end > message.Length)
            {
                throw Malformed();
            }

            // Nothing of a record's data lies behind its end; names may point to before it.
            if (recordClass == ClassInternet && ReadRecord(message[..end], at + 10, type) is { } record)
            {
                records.Add(record);
            }

            at = end;
        }

        return new DnsAnswer(code, false, records);
    }

    private static DnsRecord? ReadRecord(ReadOnlySpan<byte> message, int at, DnsRecordType type)
    {
        switch (type)
        {
            case DnsRecordType.A when message.Length - at == 4:
            case DnsRecordType.Aaaa when message.Length - at == 16:
                return new DnsRecord(type, new IPAddress(message[at..]).ToString());
            case DnsRecordType.A or DnsRecordType.Aaaa:
                throw Malformed();
            case DnsRecordType.Ns or DnsRecordType.Cname:
                return new DnsRecord(type, ReadName(message, ref at));
            case DnsRecordType.Mx:
                at += 2; // The preference.
                return new DnsRecord(type, ReadName(message, ref at));
            case DnsRecordType.Srv when message.Length - at > 6:
                int port = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 4)..]); // After priority and weight.
                at += 6;
                return new DnsRecord(type, ReadName(message, ref at), port);
            case DnsRecordType.Srv:
                throw Malformed();
            default:
                return null;
        }
    }

    private static string ReadName(ReadOnlySpan<byte> message, ref int at) =>
        DnsName.TryRead(message, ref at, out string name) ? name : throw Malformed();

    private static DnsException Malformed() => new("malformed DNS message");
}
