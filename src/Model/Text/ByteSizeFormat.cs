using System.Buffers;
using System.Globalization;

namespace Narthex.Model;

/// <summary>Sizes in bytes as the configuration writes them: <c>15MB</c> and <c>15MiB</c> both are 15 times 1024 squared.</summary>
public static class ByteSizeFormat
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Reads a size. A unit is required, except for a plain 0; fractions and sums (<c>1GB512MB</c>) are fine.</summary>
    public static bool TryParse(string text, out long bytes) => TryParse(text, out bytes, out _);

    /// <inheritdoc cref="TryParse(string, out long)"/>
    /// <param name="text">The size.</param>
    /// <param name="bytes">How many bytes it is.</param>
    /// <param name="fault">What is wrong with it, in upstream's words; empty if nothing is.</param>
    public static bool TryParse(string text, out long bytes, out string fault)
    {
        bytes = 0;
        fault = "";
        ReadOnlySpan<char> rest = text;
        bool negative = rest.StartsWith("-");
        rest = negative || rest.StartsWith("+") ? rest[1..] : rest;
        if (rest is "0")
        {
            return true;
        }

        if (rest.IsEmpty)
        {
            fault = "units: invalid " + text;
        }

        double total = 0;
        while (!rest.IsEmpty && fault.Length == 0)
        {
            int digits = NumberLength(rest);
            if (!double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                fault = "units: invalid " + text;
                break;
            }

            rest = rest[digits..];
            int unitLength = rest.IndexOfAny(s_digits) is var end && end < 0 ? rest.Length : end;
            int power = Power(rest[..unitLength]);
            fault = power < 0 ? $"units: unknown unit {rest[..unitLength]} in {text}" : "";
            total += number * Math.Pow(1024, power);
            rest = rest[unitLength..];
        }

        if (fault.Length == 0 && total > long.MaxValue)
        {
            fault = "units: overflow parsing unit";
        }

        bytes = fault.Length > 0 ? 0 : negative ? -(long)total : (long)total;
        return fault.Length == 0;
    }

    /// <summary>Writes a size with the largest units first; zero is <c>0B</c>.</summary>
    public static string Format(long bytes)
    {
        if (bytes == 0)
        {
            return "0B";
        }

        string text = bytes < 0 ? "-" : "";
        ulong rest = (ulong)Math.Abs((decimal)bytes);
        for (int power = s_units.Length - 1; power >= 0; power--)
        {
            ulong count = rest >> (10 * power);
            if (count > 0)
            {
                text += count.ToString(CultureInfo.InvariantCulture) + s_units[power];
                rest -= count << (10 * power);
            }
        }

        return text;
    }

    // Up to a second point.
    private static int NumberLength(ReadOnlySpan<char> text)
    {
        bool hasPoint = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsAsciiDigit(text[i]) && (text[i] != '.' || hasPoint))
            {
                return i;
            }

            hasPoint |= text[i] == '.';
        }

        return text.Length;
    }

    private static int Power(ReadOnlySpan<char> unit) => unit switch
    {
        "B" => 0,
        "KB" or "KiB" => 1,
        "MB" or "MiB" => 2,
        "GB" or "GiB" => 3,
        "TB" or "TiB" => 4,
        "PB" or "PiB" => 5,
        "EB" or "EiB" => 6,
        _ => -1,
    };
}
