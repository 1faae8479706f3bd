using System.Globalization;
using System.Text;

namespace Narthex.Templating.Syntax;

/// <summary>Reads Go's string and character literals.</summary>
internal static class GoUnquote
{
    /// <summary>What a literal stands for. False if it is none.</summary>
    public static bool TryUnquote(string literal, out string text)
    {
        text = "";
        if (literal.Length < 2 || literal[0] != literal[^1])
        {
            return false;
        }

        string inner = literal[1..^1];
        if (literal[0] == '`')
        {
            text = inner.Replace("\r", "", StringComparison.Ordinal);
            return true;
        }

        if (!inner.Contains('\\', StringComparison.Ordinal))
        {
            text = inner;
            return true;
        }

        // Bytes, as \x and octal escapes give bytes that may be parts of one character.
        using var bytes = new MemoryStream();
        for (int at = 0; at < inner.Length;)
        {
            if (inner[at] != '\\')
            {
                int end = inner.IndexOf('\\', at);
                end = end < 0 ? inner.Length : end;
                bytes.Write(Encoding.UTF8.GetBytes(inner[at..end]));
                at = end;
            }
            else if (!TryEscape(inner, ref at, bytes, literal[0]))
            {
                return false;
            }
        }

        text = Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        return true;
    }

    private static bool TryEscape(string text, ref int at, MemoryStream bytes, char quote)
    {
        char kind = at + 1 < text.Length ? text[at + 1] : '\0';
        at += 2;
        const string Letters = "abfnrtv\\";
        const string Meanings = "\a\b\f\n\r\t\v\\";
        int simple = Letters.IndexOf(kind, StringComparison.Ordinal);
        if (simple >= 0)
        {
            bytes.WriteByte((byte)Meanings[simple]);
            return true;
        }

        if (kind == quote)
        {
            bytes.WriteByte((byte)kind);
            return true;
        }

        int digits = kind switch { 'x' => 2, 'u' => 4, 'U' => 8, >= '0' and <= '7' => 3, _ => 0 };
        int start = char.IsAsciiDigit(kind) ? at - 1 : at;
        if (digits == 0 || start + digits > text.Length)
        {
            return false;
        }

        string number = text.Substring(start, digits);
        at = start + digits;
        if (digits == 3)
        {
            int octal = 0;
            foreach (char c in number)
            {
                if (c is < '0' or > '7')
                {
                    return false;
                }

                octal = (octal * 8) + c - '0';
            }

            bytes.WriteByte((byte)octal);
            return octal < 256;
        }

        if (!uint.TryParse(number, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code))
        {
            return false;
        }

        if (digits == 2)
        {
            bytes.WriteByte((byte)code);
            return true;
        }

        if (!Rune.TryCreate(code, out Rune rune))
        {
            return false;
        }

        bytes.Write(Encoding.UTF8.GetBytes(rune.ToString()));
        return true;
    }
}
