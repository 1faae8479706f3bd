using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>Numbers in the notation of series: decimal only, since the x of a hexadecimal one means repetition here.</summary>
internal static class NumberScan
{
    /// <summary>Reads a number without sign, or a word that stands for one.</summary>
    public static bool TryRead(byte[] input, ref int position, out double value)
    {
        value = 0;
        int start = position;
        int end = start;
        if (end < input.Length && char.IsAsciiLetter((char)input[end]))
        {
            while (end < input.Length && char.IsAsciiLetter((char)input[end]) && input[end] != 'x')
            {
                end++;
            }

            double? word = Encoding.ASCII.GetString(input, start, end - start).ToLowerInvariant() switch
            {
                "inf" => double.PositiveInfinity,
                "nan" => StaleNaN.NormalNaN,
                "stale" => StaleNaN.Value,
                _ => null,
            };
            value = word ?? 0;
            position = word is null ? start : end;
            return word is not null;
        }

        while (end < input.Length && (IsNumberByte(input[end]) || (input[end] is (byte)'+' or (byte)'-' && input[end - 1] is (byte)'e' or (byte)'E' && end > start)))
        {
            end++;
        }

        string text = Encoding.ASCII.GetString(input, start, end - start).Replace("_", "", StringComparison.Ordinal);
        if (text.Length == 0 || !double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        position = end;
        return true;
    }

    private static bool IsNumberByte(byte c) => char.IsAsciiDigit((char)c) || c is (byte)'.' or (byte)'_' or (byte)'e' or (byte)'E';
}
