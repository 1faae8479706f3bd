using System.Buffers;
using System.Globalization;
using System.Text;

namespace Narthex.PromQL.Syntax.Lexing;

/// <summary>Strings in double quotes, single quotes or backticks, with the escapes of the Go language.</summary>
internal static class StringLiterals
{
    /// <summary>Reads the string whose opening quote stands at <paramref name="position"/> and moves behind it; answers what is wrong, or null.</summary>
    public static string? TryRead(ReadOnlySpan<byte> input, ref int position, out string text)
    {
        text = "";
        byte quote = input[position++];
        var bytes = new ArrayBufferWriter<byte>();
        while (true)
        {
            if (position >= input.Length || (quote != '`' && input[position] == '\n'))
            {
                return quote == '`' ? "unterminated raw string" : "unterminated quoted string";
            }

            byte c = input[position];
            if (c == quote)
            {
                position++;
                text = Encoding.UTF8.GetString(bytes.WrittenSpan);
                return null;
            }

            if (c == '\\' && quote != '`')
            {
                position++;
                if (ReadEscape(input, ref position, quote, bytes) is { } error)
                {
                    return error;
                }

                continue;
            }

            // Upstream takes the replacement character itself for a broken sequence, too.
            OperationStatus status = Rune.DecodeFromUtf8(input[position..], out Rune rune, out int length);
            if (status != OperationStatus.Done || rune == Rune.ReplacementChar)
            {
                return "invalid UTF-8 rune";
            }

            bytes.Write(input.Slice(position, length));
            position += length;
        }
    }

    private static string? ReadEscape(ReadOnlySpan<byte> input, ref int position, byte quote, ArrayBufferWriter<byte> bytes)
    {
        if (position >= input.Length)
        {
            return "escape sequence not terminated";
        }

        byte c = input[position];
        if (c == quote)
        {
            position++;
            Append(bytes, c);
            return null;
        }

        byte? simple = c switch
        {
            (byte)'a' => 7,
            (byte)'b' => 8,
            (byte)'f' => 12,
            (byte)'n' => 10,
            (byte)'r' => 13,
            (byte)'t' => 9,
            (byte)'v' => 11,
            (byte)'\\' => (byte)'\\',
            _ => null,
        };
        if (simple is { } known)
        {
            position++;
            Append(bytes, known);
            return null;
        }

        (int digits, int numberBase) = c switch
        {
            >= (byte)'0' and <= (byte)'7' => (3, 8),
            (byte)'x' => (2, 16),
            (byte)'u' => (4, 16),
            (byte)'U' => (8, 16),
            _ => (0, 0),
        };
        if (digits == 0)
        {
            return "unknown escape sequence " + Describe(input[position..]);
        }

        position += numberBase == 16 ? 1 : 0;
        long value = 0;
        for (int i = 0; i < digits; i++, position++)
        {
            if (position >= input.Length)
            {
                return "escape sequence not terminated";
            }

            int digit = char.IsAsciiHexDigit((char)input[position]) ? Convert.ToInt32(((char)input[position]).ToString(), 16) : 16;
            if (digit >= numberBase)
            {
                return "illegal character " + Describe(input[position..]) + " in escape sequence";
            }

            value = (value * numberBase) + digit;
        }

        if (c is (byte)'u' or (byte)'U')
        {
            if (!Rune.IsValid(value is >= 0 and <= int.MaxValue ? (int)value : -1))
            {
                return "escape sequence is an invalid Unicode code point";
            }

            Span<byte> encoded = stackalloc byte[4];
            bytes.Write(encoded[..new Rune((int)value).EncodeToUtf8(encoded)]);
            return null;
        }

        if (value > 255)
        {
            return "escape sequence is an invalid Unicode code point";
        }

        Append(bytes, (byte)value);
        return null;
    }

    private static void Append(ArrayBufferWriter<byte> bytes, byte value) => bytes.Write([value]);

    private static string Describe(ReadOnlySpan<byte> at)
    {
        Rune.DecodeFromUtf8(at, out Rune rune, out _);
        return string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4} '{rune}'");
    }
}
