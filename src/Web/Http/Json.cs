using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Web.Http;

/// <summary>Writes pieces of JSON straight into a buffer, in the forms that upstream's API has.</summary>
internal static class Json
{
    // What upstream leaves alone in label values: it escapes control characters, quotes and backslashes, and nothing else.
    private static readonly SearchValues<byte> Plain = SearchValues.Create(PlainBytes(html: false));

    // In messages and texts it escapes the characters with a meaning in HTML as well.
    private static readonly SearchValues<byte> PlainInHtml = SearchValues.Create(PlainBytes(html: true));

    private static readonly SearchValues<char> PlainCharacters = SearchValues.Create([.. PlainBytes(html: true).Select(b => (char)b)]);

    // Numbers of samples have exponents where they would become long.
    private const int SampleBytesMax = SampleTimes.BytesMax + (2 * CommonNumber.RoomMin);

    /// <summary>Writes bytes that are JSON already.</summary>
    public static void Raw(this IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        json.CopyTo(output.GetSpan(json.Length));
        output.Advance(json.Length);
    }

    /// <summary>Writes a message or a text: HTML characters are escaped.</summary>
    public static void Text(this IBufferWriter<byte> output, string text)
    {
        if (!text.AsSpan().ContainsAnyExcept(PlainCharacters))
        {
            Span<byte> room = output.GetSpan(text.Length + 2);
            room[0] = (byte)'"';
            Ascii.FromUtf16(text, room[1..], out int plain);
            room[plain + 1] = (byte)'"';
            output.Advance(plain + 2);
            return;
        }

        byte[] rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        int length = Encoding.UTF8.GetBytes(text, rented);
        Quoted(output, rented.AsSpan(0, length), PlainInHtml);
        ArrayPool<byte>.Shared.Return(rented);
    }

    /// <summary>Writes a UTF-8 label name or value as a JSON string, without transcoding.</summary>
    public static void Label(this IBufferWriter<byte> output, ReadOnlySpan<byte> utf8) => Quoted(output, utf8, Plain);

    /// <summary>Writes a label set as an object.</summary>
    public static void Labels(this IBufferWriter<byte> output, Labels labels) => output.EncodedLabels(labels.Encoded);

    /// <summary>Writes a label set in its encoded form as an object.</summary>
    public static void EncodedLabels(this IBufferWriter<byte> output, ReadOnlySpan<byte> labels)
    {
        if (PlainLabels.TryWrite(labels, output.GetSpan(PlainLabels.RoomFor(labels.Length)), out int written))
        {
            output.Advance(written);
            return;
        }

        ReadOnlySpan<byte> before = "{"u8;
        var pairs = new LabelEnumerator(labels);
        while (pairs.MoveNext())
        {
            output.Raw(before);
            output.Label(pairs.Current.Name);
            output.Raw(":"u8);
            output.Label(pairs.Current.Value);
            before = ","u8;
        }

        output.Raw(labels.IsEmpty ? "{}"u8 : "}"u8);
    }

    /// <summary>Writes an array of texts.</summary>
    public static void Texts(this IBufferWriter<byte> output, IReadOnlyList<string> texts)
    {
        output.Raw("["u8);
        for (int i = 0; i < texts.Count; i++)
        {
            output.Raw(i > 0 ? ","u8 : default);
            output.Text(texts[i]);
        }

        output.Raw("]"u8);
    }

    /// <summary>Writes a whole number.</summary>
    public static void Number(this IBufferWriter<byte> output, long value)
    {
        Utf8Formatter.TryFormat(value, output.GetSpan(20), out int written);
        output.Advance(written);
    }

    /// <summary>Writes <c>true</c> or <c>false</c>.</summary>
    public static void Bool(this IBufferWriter<byte> output, bool value) => output.Raw(value ? "true"u8 : "false"u8);

    /// <summary>Writes a number as a bare JSON number: with an exponent below 1e-6 and from 1e21 on.</summary>
    public static void Number(this IBufferWriter<byte> output, double value)
    {
        Span<byte> destination = output.GetSpan(FloatFormat.PlainLengthMax);
        bool exponent = value != 0 && (Math.Abs(value) < 1e-6 || Math.Abs(value) >= 1e21);
        int written;
        if (!exponent)
        {
            FloatFormat.TryFormatPlain(value, destination, out written);
        }
        else
        {
            FloatFormat.TryFormatGeneral(value, destination, out written);
            if (destination[..written].IndexOf("e-0"u8) is var at && at >= 0)
            {
                // JSON numbers of one exponent digit are printed without the leading zero, unlike sample values.
                destination[(at + 3)..written].CopyTo(destination[(at + 2)..]);
                written--;
            }
        }

        output.Advance(written);
    }

    /// <summary>Writes the value of a sample: a string, with an exponent below 1e-6 and from 1e21 on.</summary>
    public static void SampleValue(this IBufferWriter<byte> output, double value) => output.Advance(SampleValue(output.GetSpan(FloatFormat.PlainLengthMax + 2), value));

    /// <summary>Writes a sample behind a colon, <c>:[time,"value"]</c>.</summary>
    public static void Sample(this IBufferWriter<byte> output, ref SampleTimes times, long timestampMs, double value)
    {
        Span<byte> room = output.GetSpan(SampleBytesMax);
        int written = Sample(room, ref times, timestampMs, value);
        room[0] = (byte)':';
        output.Advance(written);
    }

    /// <summary>Writes an array of samples.</summary>
    public static void Samples(this IBufferWriter<byte> output, ref SampleTimes times, ReadOnlySpan<long> timestampsMs, ReadOnlySpan<double> values)
    {
        if (timestampsMs.IsEmpty)
        {
            output.Raw("[]"u8);
            return;
        }

        // One look at the buffer for many samples.
        const int Many = 64;
        for (int start = 0; start < timestampsMs.Length; start += Many)
        {
            int count = Math.Min(Many, timestampsMs.Length - start);
            Span<byte> room = output.GetSpan(count * SampleBytesMax);
            int written = 0;
            for (int i = start; i < start + count; i++)
            {
                written += Sample(room[written..], ref times, timestampsMs[i], values[i]);
            }

            if (start == 0)
            {
                // In place of the comma between two.
                room[0] = (byte)'[';
            }

            output.Advance(written);
        }

        output.Raw("]"u8);
    }

    /// <summary>Writes the value of a scalar: a string, never with an exponent.</summary>
    public static void ScalarValue(this IBufferWriter<byte> output, double value)
    {
        Span<byte> destination = output.GetSpan(FloatFormat.PlainLengthMax + 2);
        destination[0] = (byte)'"';
        FloatFormat.TryFormatPlain(value, destination[1..], out int written);
        destination[written + 1] = (byte)'"';
        output.Advance(written + 2);
    }

    /// <summary>Writes the time of a sample in seconds: whole, or with exactly three decimals.</summary>
    public static void SampleTime(this IBufferWriter<byte> output, long timestampMs) => output.Advance(SampleTimes.WriteSeconds(timestampMs, output.GetSpan(SampleTimes.BytesMax)));

    /// <summary>Writes a moment as RFC 3339 with as many decimals as it has, in UTC; null is the zero moment of upstream's clock.</summary>
    public static void Moment(this IBufferWriter<byte> output, DateTimeOffset? moment)
    {
        output.Text(moment is { } value
            ? value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture)
            : "0001-01-01T00:00:00Z");
    }

    // With a comma in front.
    private static int Sample(Span<byte> room, ref SampleTimes times, long timestampMs, double value)
    {
        int written = times.Write(timestampMs, room);
        int length = CommonNumber.Write(value, room[written..]);
        if (length == 0)
        {
            // The quote in front is there already, and it is the same one.
            written--;
            written += SampleValue(room[written..], value);
        }
        else
        {
            written += length;
            room[written++] = (byte)'"';
        }

        room[written] = (byte)']';
        return written + 1;
    }

    private static int SampleValue(Span<byte> room, double value)
    {
        room[0] = (byte)'"';
        int written;
        double magnitude = Math.Abs(value);
        if (value != 0 && (magnitude < 1e-6 || magnitude >= 1e21))
        {
            FloatFormat.TryFormatGeneral(value, room[1..], out written);
        }
        else
        {
            FloatFormat.TryFormatPlain(value, room[1..], out written);
        }

        room[written + 1] = (byte)'"';
        return written + 2;
    }

    private static void Quoted(IBufferWriter<byte> output, ReadOnlySpan<byte> utf8, SearchValues<byte> plain)
    {
        output.Raw("\""u8);
        while (true)
        {
            int length = utf8.IndexOfAnyExcept(plain);
            output.Raw(length < 0 ? utf8 : utf8[..length]);
            if (length < 0)
            {
                break;
            }

            utf8 = utf8[length..];
            OperationStatus status = Rune.DecodeFromUtf8(utf8, out Rune rune, out int consumed);
            if (status != OperationStatus.Done)
            {
                output.Raw("\\ufffd"u8);
            }
            else if (rune.Value < 0x80)
            {
                Escape(output, (byte)rune.Value);
            }
            else if (rune.Value is 0x2028 or 0x2029 && plain == PlainInHtml)
            {
                output.Raw(rune.Value == 0x2028 ? "\\u2028"u8 : "\\u2029"u8);
            }
            else
            {
                output.Raw(utf8[..consumed]);
            }

            utf8 = utf8[consumed..];
        }

        output.Raw("\""u8);
    }

    private static void Escape(IBufferWriter<byte> output, byte character)
    {
        switch (character)
        {
            case (byte)'"':
                output.Raw("\\\""u8);
                break;
            case (byte)'\\':
                output.Raw("\\\\"u8);
                break;
            case (byte)'\n':
                output.Raw("\\n"u8);
                break;
            case (byte)'\r':
                output.Raw("\\r"u8);
                break;
            case (byte)'\t':
                output.Raw("\\t"u8);
                break;
            default:
                ReadOnlySpan<byte> hex = "0123456789abcdef"u8;
                output.Raw([(byte)'\\', (byte)'u', (byte)'0', (byte)'0', hex[character >> 4], hex[character & 15]]);
                break;
        }
    }

    private static byte[] PlainBytes(bool html)
    {
        var plain = new List<byte>();
        for (byte b = 0x20; b < 0x80; b++)
        {
            if (b is not ((byte)'"' or (byte)'\\') && !(html && (b is (byte)'<' or (byte)'>' or (byte)'&')))
            {
                plain.Add(b);
            }
        }

        return [.. plain];
    }
}
