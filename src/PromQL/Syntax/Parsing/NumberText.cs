using System.Globalization;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>Numbers as PromQL writes them: decimal, hexadecimal, octal with a leading zero, underscores between digits.</summary>
internal static class NumberText
{
    public static bool TryParse(string text, out double value)
    {
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            bool parsed = long.TryParse(digits.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long hexadecimal) && hexadecimal >= 0;
            value = hexadecimal;
            return parsed;
        }

        if (digits.Length > 1 && digits.Length < 22 && digits[0] == '0' && digits.All(c => c is >= '0' and <= '7'))
        {
            value = Convert.ToInt64(digits, 8);
            return true;
        }

        if (digits.Equals("nan", StringComparison.OrdinalIgnoreCase))
        {
            value = double.NaN;
            return true;
        }

        if (digits.Equals("inf", StringComparison.OrdinalIgnoreCase))
        {
            value = double.PositiveInfinity;
            return true;
        }

        return double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && !double.IsInfinity(value);
    }
}
