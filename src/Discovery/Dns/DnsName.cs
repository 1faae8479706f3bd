using System.Globalization;
using System.Text;

namespace Narthex.Discovery.Dns;

/// <summary>Domain names in messages (RFC 1035, sections 3.1 and 4.1.4) and as text.</summary>
/// <remarks>In text, bytes that are no plain characters are written <c>\DDD</c> and a dot inside a label <c>\.</c>, as zone files do.</remarks>
internal static class DnsName
{
    private const int BytesMax = 255;
    private const int LabelBytesMax = 63;

    /// <summary>Writes a name without compression. Answers how many bytes it took.</summary>
    /// <exception cref="DnsException">The text is not a domain name.</exception>
    public static int Write(string name, Span<byte> destination)
    {
        ReadOnlySpan<byte> text = Encoding.UTF8.GetBytes(name.EndsWith('.') ? name : name + ".");
        if (text is [(byte)'.'])
        {
            destination[0] = 0;
            return 1;
        }

        int lengthAt = 0;
        int end = 1;
        for (int i = 0; i < text.Length; i++)
        {
            byte value = text[i];
            if (value == (byte)'.')
            {
                int length = end - lengthAt - 1;
                Require(length is > 0 and <= LabelBytesMax, name);
                destination[lengthAt] = (byte)length;
                lengthAt = end++;
            }
            else
            {
                if (value == (byte)'\\')
                {
                    value = Unescape(text, ref i, name);
                }

                Require(end < BytesMax - 1, name);
                destination[end++] = value;
            }

            Require(end <= BytesMax, name);
        }

        Require(lengthAt == end - 1, name);
        destination[lengthAt] = 0;
        return end;
    }

    /// <summary>Reads a name and moves behind it. False if it is cut off, too long, or its pointers do not lead strictly backwards.</summary>
    public static bool TryRead(ReadOnlySpan<byte> message, ref int position, out string name)
    {
        var text = new StringBuilder();
        name = "";
        int at = position;
        int? behind = null;
        int total = 1;

        // A pointer leads to before everything read so far: each one goes further back, so the chain ends.
        int bound = position;
        while (at < message.Length)
        {
            int length = message[at];
            switch (length & 0xC0)
            {
                case 0x00 when length == 0:
                    position = behind ?? at + 1;
                    name = text.Length == 0 ? "." : text.ToString();
                    return true;
                case 0x00:
                    total += length + 1;
                    if (total > BytesMax || at + 1 + length > message.Length)
                    {
                        return false;
                    }

                    Append(text, message.Slice(at + 1, length));
                    at += 1 + length;
                    break;
                case 0xC0 when at + 1 < message.Length:
                    int target = ((length & 0x3F) << 8) | message[at + 1];
                    behind ??= at + 2;
                    if (target >= bound)
                    {
                        return false;
                    }

                    bound = target;
                    at = target;
                    break;
                default:
                    return false;
            }
        }

        return false;
    }

    private static void Append(StringBuilder text, ReadOnlySpan<byte> label)
    {
        foreach (byte value in label)
        {
            if (value is (byte)'.' or (byte)'\\' or (byte)'"' or (byte)'(' or (byte)')' or (byte)';' or (byte)'@' or (byte)' ')
            {
                text.Append('\\').Append((char)value);
            }
            else if (value is > 0x20 and < 0x7F)
            {
                text.Append((char)value);
            }
            else
            {
                text.Append('\\').Append(value.ToString("D3", CultureInfo.InvariantCulture));
            }
        }

        text.Append('.');
    }

    private static byte Unescape(ReadOnlySpan<byte> text, ref int i, string name)
    {
        if (i + 3 < text.Length && byte.TryParse(text.Slice(i + 1, 3), NumberStyles.None, CultureInfo.InvariantCulture, out byte value))
        {
            i += 3;
            return value;
        }

        Require(i + 1 < text.Length, name);
        return text[++i];
    }

    private static void Require(bool holds, string name)
    {
        if (!holds)
        {
            throw new DnsException($"{name} is not a valid domain name");
        }
    }
}
