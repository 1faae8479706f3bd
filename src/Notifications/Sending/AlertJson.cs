using System.Buffers;
using System.Text;
using Narthex.Model;

namespace Narthex.Notifications.Sending;

/// <summary>Writes alerts as the body of a request to Alertmanager's API v2, to the byte as upstream writes it.</summary>
internal static class AlertJson
{
    // Upstream's encoder escapes what means something in HTML, too.
    private static readonly SearchValues<byte> s_plain = SearchValues.Create(
        [.. Enumerable.Range(0x20, 0x60).Select(value => (byte)value).Except("\"\\<>&"u8.ToArray())]);

    /// <summary>Writes an array of alerts.</summary>
    public static void Write(IReadOnlyList<AlertNotification> alerts, IBufferWriter<byte> output)
    {
        output.Write("["u8);
        for (int i = 0; i < alerts.Count; i++)
        {
            output.Write(i > 0 ? ","u8 : default);
            Write(alerts[i], output);
        }

        output.Write("]"u8);
    }

    private static void Write(AlertNotification alert, IBufferWriter<byte> output)
    {
        output.Write("{"u8);
        if (!alert.Annotations.IsEmpty)
        {
            output.Write("\"annotations\":"u8);
            Write(alert.Annotations, output);
            output.Write(","u8);
        }

        output.Write("\"endsAt\":"u8);
        Write(alert.EndsAt, output);
        output.Write(",\"startsAt\":"u8);
        Write(alert.StartsAt, output);
        if (alert.GeneratorUrl.Length > 0)
        {
            output.Write(",\"generatorURL\":"u8);
            Write(Encoding.UTF8.GetBytes(alert.GeneratorUrl), output);
        }

        output.Write(",\"labels\":"u8);
        Write(alert.Labels, output);
        output.Write("}"u8);
    }

    private static void Write(Labels labels, IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> before = "{"u8;
        foreach (LabelPair pair in labels)
        {
            output.Write(before);
            Write(pair.Name, output);
            output.Write(":"u8);
            Write(pair.Value, output);
            before = ","u8;
        }

        output.Write(labels.IsEmpty ? "{}"u8 : "}"u8);
    }

    // Milliseconds are enough for Alertmanager; what is finer is cut off, not rounded.
    private static void Write(DateTimeOffset time, IBufferWriter<byte> output)
    {
        Span<byte> text = output.GetSpan(32);
        time.UtcDateTime.TryFormat(text, out int written, "\\\"yyyy-MM-dd'T'HH:mm:ss.fff'Z'\\\"", System.Globalization.CultureInfo.InvariantCulture);
        output.Advance(written);
    }

    private static void Write(ReadOnlySpan<byte> utf8, IBufferWriter<byte> output)
    {
        output.Write("\""u8);
        while (!utf8.IsEmpty)
        {
            int plain = utf8.IndexOfAnyExcept(s_plain);
            if (plain < 0)
            {
                output.Write(utf8);
                break;
            }

            output.Write(utf8[..plain]);
            utf8 = utf8[plain..];
            OperationStatus status = Rune.DecodeFromUtf8(utf8, out Rune rune, out int consumed);
            if (status != OperationStatus.Done)
            {
                // Each byte that is no text becomes a replacement character of its own.
                output.Write("\\ufffd"u8);
                utf8 = utf8[1..];
                continue;
            }

            if (rune.Value >= 0x80 && rune.Value is not (0x2028 or 0x2029))
            {
                output.Write(utf8[..consumed]);
            }
            else
            {
                Escape(rune.Value, output);
            }

            utf8 = utf8[consumed..];
        }

        output.Write("\""u8);
    }

    private static void Escape(int character, IBufferWriter<byte> output)
    {
        ReadOnlySpan<byte> hex = "0123456789abcdef"u8;
        output.Write(character switch
        {
            '"' => "\\\""u8,
            '\\' => "\\\\"u8,
            '\b' => "\\b"u8,
            '\f' => "\\f"u8,
            '\n' => "\\n"u8,
            '\r' => "\\r"u8,
            '\t' => "\\t"u8,
            _ => [(byte)'\\', (byte)'u', hex[character >> 12], hex[(character >> 8) & 15], hex[(character >> 4) & 15], hex[character & 15]],
        });
    }
}
