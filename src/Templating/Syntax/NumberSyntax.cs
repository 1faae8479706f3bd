using System.Globalization;
using System.Numerics;
using Narthex.Model;

namespace Narthex.Templating.Syntax;

/// <summary>Go's number literals: decimal, binary, octal, hexadecimal, with underscores, fractions and exponents.</summary>
internal static class NumberSyntax
{
    /// <summary>The end of the number that begins at <paramref name="at"/>.</summary>
    public static int Scan(string text, int at)
    {
        if (at < text.Length && text[at] is '+' or '-')
        {
            at++;
        }

        string digits = "0123456789_";
        bool isHex = false;
        if (at + 1 < text.Length && text[at] == '0')
        {
            switch (char.ToLowerInvariant(text[at + 1]))
            {
                case 'x':
                    digits = "0123456789abcdefABCDEF_";
                    isHex = true;
                    at += 2;
                    break;
                case 'o':
                    digits = "01234567_";
                    at += 2;
                    break;
                case 'b':
                    digits = "01_";
                    at += 2;
                    break;
            }
        }

        at = Run(text, at, digits);
        if (at < text.Length && text[at] == '.')
        {
            at = Run(text, at + 1, digits);
        }

        if (at < text.Length && (isHex ? text[at] is 'p' or 'P' : digits.Length == 11 && text[at] is 'e' or 'E'))
        {
            at++;
            if (at < text.Length && text[at] is '+' or '-')
            {
                at++;
            }

            at = Run(text, at, "0123456789_");
        }

        return at;
    }

    /// <summary>The value of a literal: a whole number if it is written as one, otherwise a float.</summary>
    /// <exception cref="FormatException">It is not a number, or too great.</exception>
    public static NumberLiteral Parse(string literal)
    {
        string text = literal.Replace("_", "", StringComparison.Ordinal);
        bool negative = text.StartsWith('-');
        string unsigned = text.TrimStart('+', '-');
        bool isFloat = unsigned.Contains('.', StringComparison.Ordinal)
            || (!unsigned.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && unsigned.Contains('e', StringComparison.OrdinalIgnoreCase));
        if (!isFloat && TryParseWhole(unsigned, out BigInteger whole))
        {
            whole = negative ? -whole : whole;
            if (whole < long.MinValue || whole > long.MaxValue)
            {
                throw new FormatException($"integer overflow: {GoQuote.Quote(literal)}");
            }

            return new NumberLiteral((long)whole, (double)whole);
        }

        if (!unsigned.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            && double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value))
        {
            bool isWhole = value == Math.Truncate(value) && Math.Abs(value) < 9.2e18;
            return new NumberLiteral(isWhole ? (long)value : null, value) { IsWrittenAsFloat = true };
        }

        throw new FormatException($"illegal number syntax: {GoQuote.Quote(literal)}");
    }

    private static bool TryParseWhole(string text, out BigInteger value)
    {
        int radix = 10;
        if (text.Length > 1 && text[0] == '0')
        {
            char kind = char.ToLowerInvariant(text[1]);
            radix = kind switch { 'x' => 16, 'b' => 2, _ => 8 };
            text = kind is 'x' or 'b' or 'o' ? text[2..] : text[1..];
        }

        value = 0;
        foreach (char c in text)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        return text.Length > 0;
    }

    private static int Run(string text, int at, string allowed)
    {
        while (at < text.Length && allowed.Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }

        return at;
    }
}

/// <summary>A number in a template.</summary>
/// <param name="Whole">Its value as a whole number; null if it has a fraction.</param>
/// <param name="Float">Its value as a float.</param>
internal sealed record NumberLiteral(long? Whole, double Float)
{
    /// <summary>Whether it has a point or an exponent: then it is a float wherever either would do.</summary>
    public bool IsWrittenAsFloat { get; init; }
}
