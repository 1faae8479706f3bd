using System.Globalization;
using Narthex.Model;

namespace Narthex.Templating.Text;

/// <summary>Floats in Go's notations, correctly rounded from their exact value. For amounts without sign.</summary>
internal static class GoFloatText
{
    // The most significant digits of any double, and beyond its last decimal.
    private const int DigitsMax = 1100;

    /// <summary>As <c>%g</c>: the shorter of the others.</summary>
    public static string General(double amount, int? precision, char exponentSign)
    {
        if (Special(amount) is { } special)
        {
            return special;
        }

        if (precision is null)
        {
            string shortest = FloatFormat.FormatGeneral(amount);
            return exponentSign == 'E' ? shortest.Replace('e', 'E') : shortest;
        }

        int significant = Math.Max(precision.Value, 1);
        if (amount == 0)
        {
            return "0";
        }

        (string digits, int exponent) = Digits(amount, significant);
        digits = digits.TrimEnd('0');
        int digitsWritten = Math.Max(digits.Length, 1);
        int limit = significant > digitsWritten && digitsWritten >= exponent + 1 ? digitsWritten : significant;
        if (exponent < -4 || exponent >= limit)
        {
            return Mantissa(digits) + Exponent(exponent, exponentSign);
        }

        if (exponent < 0)
        {
            return "0." + new string('0', -exponent - 1) + digits;
        }

        return digits.Length <= exponent + 1 ? digits.PadRight(exponent + 1, '0') : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>As <c>%f</c>.</summary>
    public static string Fixed(double amount, int decimals) =>
        Special(amount) ?? amount.ToString("F" + Math.Min(decimals, DigitsMax).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>As <c>%e</c>.</summary>
    public static string Exponential(double amount, int decimals, char exponentSign)
    {
        if (Special(amount) is { } special)
        {
            return special;
        }

        (string digits, int exponent) = amount == 0 ? (new string('0', decimals + 1), 0) : Digits(amount, decimals + 1);
        return Mantissa(digits) + Exponent(exponent, exponentSign);
    }

    private static string? Special(double amount) => double.IsNaN(amount) ? "NaN" : double.IsInfinity(amount) ? "Inf" : null;

    private static string Mantissa(string digits) => digits.Length > 1 ? digits[..1] + "." + digits[1..] : digits.Length == 0 ? "0" : digits;

    private static string Exponent(int exponent, char sign) =>
        string.Create(CultureInfo.InvariantCulture, $"{sign}{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}");

    private static (string Digits, int Exponent) Digits(double amount, int count)
    {
        // The framework rounds the exact value correctly, whatever the number of digits.
        string text = amount.ToString("E" + Math.Min(count - 1, DigitsMax).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int mark = text.IndexOf('E', StringComparison.Ordinal);
        return (text[..mark].Replace(".", "", StringComparison.Ordinal), int.Parse(text.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
    }
}
