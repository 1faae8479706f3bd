using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Narthex.Model;

/// <summary>Prints floating point numbers exactly as upstream does, with the fewest digits that read back the same.</summary>
public static class FloatFormat
{
    private static readonly SearchValues<byte> WholeNumberBytes = SearchValues.Create("-0123456789"u8);

    /// <summary>Room enough for any number in <see cref="TryFormatPlain"/> (the smallest denormal has 324 decimals).</summary>
    public const int PlainLengthMax = 350;

    /// <summary>Without an exponent: <c>0.000001</c>, <c>100000000000000000000000</c>. The API's form.</summary>
    public static string FormatPlain(double value)
    {
        Span<byte> buffer = stackalloc byte[PlainLengthMax];
        TryFormatPlain(value, buffer, out int written);
        return Encoding.ASCII.GetString(buffer[..written]);
    }

    /// <summary>With an exponent below 1e-4 and from 1e6 on: <c>1e-06</c>, <c>1.5e+06</c>. The form of expositions, of <c>le</c> labels and of messages.</summary>
    public static string FormatGeneral(double value)
    {
        Span<byte> buffer = stackalloc byte[PlainLengthMax];
        TryFormatGeneral(value, buffer, out int written);
        return Encoding.ASCII.GetString(buffer[..written]);
    }

    /// <summary>Writes the form of <see cref="FormatPlain"/>. False if <paramref name="destination"/> is too small.</summary>
    public static bool TryFormatPlain(double value, Span<byte> destination, out int written)
    {
        written = CommonNumber.Write(value, destination);
        if (written > 0)
        {
            return true;
        }

        // The shortest digits of whole numbers below 2^53 are the number itself.
        if (Math.Abs(value) < 9007199254740992 && value == Math.Truncate(value) && (value != 0 || !double.IsNegative(value)))
        {
            return Utf8Formatter.TryFormat((long)value, destination, out written);
        }

        if (TryFormatSpecial(value, destination, out written))
        {
            return true;
        }

        Span<byte> digits = stackalloc byte[24];
        int exponent = ShortestDigits(value, digits, out int digitCount);
        return TryWritePlain(double.IsNegative(value), digits[..digitCount], exponent, destination, out written);
    }

    /// <summary>Writes the form of <see cref="FormatGeneral"/>. False if <paramref name="destination"/> is too small.</summary>
    public static bool TryFormatGeneral(double value, Span<byte> destination, out int written)
    {
        if (TryFormatSpecial(value, destination, out written))
        {
            return true;
        }

        if (value == 0)
        {
            return TryFormatPlain(value, destination, out written);
        }

        Span<byte> digits = stackalloc byte[24];
        int exponent = ShortestDigits(value, digits, out int digitCount);
        return exponent is < -4 or >= 6
            ? TryWriteExponent(double.IsNegative(value), digits[..digitCount], exponent, destination, out written)
            : TryWritePlain(double.IsNegative(value), digits[..digitCount], exponent, destination, out written);
    }

    /// <summary>Writes the form of <see cref="FormatGeneral"/> with a point where it would look like a whole number, as OpenMetrics wants floats: <c>1.0</c>.</summary>
    public static bool TryFormatWithPoint(double value, Span<byte> destination, out int written)
    {
        if (!TryFormatGeneral(value, destination, out written))
        {
            return false;
        }

        if (destination[..written].IndexOfAnyExcept(WholeNumberBytes) >= 0)
        {
            return true;
        }

        written += 2;
        return ".0"u8.TryCopyTo(destination[(written - 2)..]);
    }

    private static bool TryFormatSpecial(double value, Span<byte> destination, out int written)
    {
        ReadOnlySpan<byte> text = double.IsNaN(value) ? "NaN"u8
            : double.IsPositiveInfinity(value) ? "+Inf"u8
            : double.IsNegativeInfinity(value) ? "-Inf"u8
            : default;
        written = text.Length;
        return !text.IsEmpty && text.TryCopyTo(destination);
    }

    // Digits without the point, and the power of ten of the first digit.
    private static int ShortestDigits(double value, Span<byte> digits, out int digitCount)
    {
        value = Math.Abs(value);
        if (value == 0)
        {
            digits[0] = (byte)'0';
            digitCount = 1;
            return 0;
        }

        Utf8Formatter.TryFormat(ShortestDecimal.Find(value, out int exponent), digits, out digitCount);
        return exponent + digitCount - 1;
    }

    private static bool TryWritePlain(bool negative, ReadOnlySpan<byte> digits, int exponent, Span<byte> destination, out int written)
    {
        int sign = negative ? 1 : 0;
        int wholeLength = Math.Max(exponent + 1, 1);
        int fractionLength = Math.Max(digits.Length - exponent - 1, 0);
        written = sign + wholeLength + (fractionLength > 0 ? fractionLength + 1 : 0);
        if (written > destination.Length)
        {
            return false;
        }

        if (negative)
        {
            destination[0] = (byte)'-';
        }

        Span<byte> text = destination[sign..written];
        if (exponent < 0)
        {
            // 0.00123
            int zeros = -exponent + 1;
            text[..zeros].Fill((byte)'0');
            text[1] = (byte)'.';
            digits.CopyTo(text[zeros..]);
        }
        else if (fractionLength > 0)
        {
            // 12.3
            digits[..wholeLength].CopyTo(text);
            text[wholeLength] = (byte)'.';
            digits[wholeLength..].CopyTo(text[(wholeLength + 1)..]);
        }
        else
        {
            // 12300
            digits.CopyTo(text);
            text[digits.Length..].Fill((byte)'0');
        }

        return true;
    }

    private static bool TryWriteExponent(bool negative, ReadOnlySpan<byte> digits, int exponent, Span<byte> destination, out int written)
    {
        Span<byte> text = stackalloc byte[40];
        int length = 0;
        if (negative)
        {
            text[length++] = (byte)'-';
        }

        text[length++] = digits[0];
        if (digits.Length > 1)
        {
            text[length++] = (byte)'.';
            digits[1..].CopyTo(text[length..]);
            length += digits.Length - 1;
        }

        text[length++] = (byte)'e';
        text[length++] = exponent < 0 ? (byte)'-' : (byte)'+';
        Utf8Formatter.TryFormat(Math.Abs(exponent), text[length..], out int exponentLength, new('D', 2));
        length += exponentLength;
        written = length;
        return text[..length].TryCopyTo(destination);
    }
}
