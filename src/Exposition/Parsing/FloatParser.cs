using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Why a text is not a number.</summary>
internal enum FloatError : byte
{
    None,
    InvalidSyntax,
    UnsupportedCharacter,
    OutOfRange,
}

/// <summary>Reads numbers from UTF-8, correctly rounded, in the forms that upstream's <c>ParseFloat</c> takes (without hexadecimal ones and underscores).</summary>
internal static class FloatParser
{
    private static readonly SearchValues<byte> s_decimalBytes = SearchValues.Create("0123456789+-.eE"u8);

    // Powers of ten that a double holds exactly.
    private static ReadOnlySpan<double> ExactPowers =>
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>
    /// Reads a short plain number at the beginning of <paramref name="text"/>. With at most 15 digits and a power of ten up to 22 both are exact,
    /// so that one division or multiplication rounds correctly. False for everything else, also for what is no number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryReadShort(ReadOnlySpan<byte> text, out double value, out int length)
    {
        int i = 0;
        bool negative = text.Length > 0 && text[0] == (byte)'-';
        if (negative)
        {
            i++;
        }

        long digits = 0;
        int digitCount = 0;
        int start = i;
        uint digit;
        while (i < text.Length && (digit = text[i] - (uint)'0') <= 9)
        {
            digits = (digits * 10) + digit;
            i++;
        }

        digitCount = i - start;
        int power = 0;
        if (i < text.Length && text[i] == (byte)'.')
        {
            int fractionStart = ++i;
            while (i < text.Length && (digit = text[i] - (uint)'0') <= 9)
            {
                digits = (digits * 10) + digit;
                i++;
            }

            power = fractionStart - i;
            digitCount += i - fractionStart;
        }

        // More than 15 digits may not be exact; more than 18 may even have overflowed. Both go the slow way.
        if (digitCount is 0 or > 15)
        {
            value = 0;
            length = 0;
            return false;
        }

        if (i < text.Length && text[i] is (byte)'e' or (byte)'E')
        {
            if (!TryReadExponent(text[(i + 1)..], out int exponent, out int exponentLength))
            {
                value = 0;
                length = 0;
                return false;
            }

            power += exponent;
            i += 1 + exponentLength;
        }

        length = i;
        if (power is < -22 or > 22)
        {
            value = 0;
            return false;
        }

        double magnitude = power < 0 ? digits / ExactPowers[-power] : digits * ExactPowers[power];
        value = negative ? -magnitude : magnitude;
        return true;
    }

    /// <summary>Reads the whole text as a number.</summary>
    public static FloatError Parse(ReadOnlySpan<byte> text, out double value)
    {
        if (TryReadShort(text, out value, out int length) && length == text.Length)
        {
            return FloatError.None;
        }

        if (text.IndexOfAny((byte)'p', (byte)'P', (byte)'_') >= 0)
        {
            return FloatError.UnsupportedCharacter;
        }

        if (text.IndexOfAnyExcept(s_decimalBytes) >= 0 || text.IsEmpty)
        {
            return TryParseSpecial(text, out value) ? FloatError.None : FloatError.InvalidSyntax;
        }

        if (!double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
        {
            return FloatError.InvalidSyntax;
        }

        return double.IsInfinity(value) ? FloatError.OutOfRange : FloatError.None;
    }

    private static bool TryReadExponent(ReadOnlySpan<byte> text, out int exponent, out int length)
    {
        length = text.Length > 0 && text[0] is (byte)'+' or (byte)'-' ? 1 : 0;
        int start = length;
        exponent = 0;
        while (length < text.Length && length - start < 4 && char.IsAsciiDigit((char)text[length]))
        {
            exponent = (exponent * 10) + text[length++] - '0';
        }

        bool found = length > start;
        if (start == 1 && text[0] == (byte)'-')
        {
            exponent = -exponent;
        }

        return found && (length == text.Length || !char.IsAsciiDigit((char)text[length]));
    }

    private static bool TryParseSpecial(ReadOnlySpan<byte> text, out double value)
    {
        if (Ascii.EqualsIgnoreCase(text, "nan"u8))
        {
            value = StaleNaN.NormalNaN;
            return true;
        }

        bool negative = !text.IsEmpty && text[0] == (byte)'-';
        ReadOnlySpan<byte> unsigned = !text.IsEmpty && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        value = negative ? double.NegativeInfinity : double.PositiveInfinity;
        return Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || Ascii.EqualsIgnoreCase(unsigned, "infinity"u8);
    }
}
