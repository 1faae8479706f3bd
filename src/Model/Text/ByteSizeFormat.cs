using System.Buffers;
using System.Globalization;

namespace Narthex.Model;

/// <summary>Sizes in bytes as the configuration writes them: <c>15MB</c> and <c>15MiB</c> both are 15 times 1024 squared.</summary>
public static class ByteSizeFormat
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.");
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>Reads a size. A unit is required, except for a plain 0; fractions and sums (<c>1GB512MB</c>) are fine.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        ReadOnlySpan<char> rest = text;
        bool negative = rest.StartsWith("-");
        rest = negative || rest.StartsWith("+") ? rest[1..] : rest;
        if (rest is "0")
        {
            return true;
        }

        double total = 0;
        bool any = false;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExcept(s_digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            rest = rest[digits..];
            int unitLength = rest.IndexOfAny(s_digits) is var end && end < 0 ? rest.Length : end;
            int power = Power(rest[..unitLength]);
            if (power < 0)
            {
                return false;
            }

            total += number * Math.Pow(1024, power);
            rest = rest[unitLength..];
            any = true;
        }

        if (!any || total > long.MaxValue)
        {
            return false;
        }

        bytes = negative ? -(long)total : (long)total;
        return true;
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
