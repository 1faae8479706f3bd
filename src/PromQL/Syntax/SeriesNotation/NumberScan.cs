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
        ReadOnlySpan<byte> rest = input.AsSpan(Math.Min(position, input.Length));
        if (!rest.IsEmpty && char.IsAsciiLetter((char)rest[0]))
        {
            string word = SeriesFaults.ReadWord(rest);
            if (word.Equals("inf", StringComparison.OrdinalIgnoreCase))
            {
                value = double.PositiveInfinity;
            }
            else if (word.Equals("nan", StringComparison.OrdinalIgnoreCase))
            {
                value = StaleNaN.NormalNaN;
            }
            else
            {
                return false;
            }

            position += word.Length;
            return true;
        }

        int length = Measure(rest, out bool isNumber);
        string text = Encoding.ASCII.GetString(rest[..length]).Replace("_", "", StringComparison.Ordinal);
        if (!isNumber || !double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value))
        {
            return false;
        }

        position += length;
        return true;
    }

    /// <summary>How long the number at the start of a text is; if it is not one, how long what was taken for one.</summary>
    public static int Measure(ReadOnlySpan<byte> text, out bool isNumber)
    {
        isNumber = false;
        bool hasPoint = false;
        bool hasExponent = false;
        bool hasDigit = false;
        int at = 0;
        for (; at < text.Length; at++)
        {
            byte c = text[at];
            if (IsDigitAt(text, at))
            {
                hasDigit = true;
            }
            else if (c == '_' && hasDigit)
            {
                if (!IsDigitAt(text, at + 1))
                {
                    return at + 1;
                }
            }
            else if (c == '.' && !hasExponent)
            {
                if (hasPoint)
                {
                    return at + 1;
                }

                hasPoint = true;
            }
            else if (c is (byte)'e' or (byte)'E' && hasDigit && !hasExponent)
            {
                hasExponent = true;
                at += at + 1 < text.Length && text[at + 1] is (byte)'+' or (byte)'-' ? 1 : 0;
                if (!IsDigitAt(text, at + 1))
                {
                    return at + 1;
                }
            }
            else
            {
                break;
            }
        }

        isNumber = hasDigit && (at >= text.Length || text[at] == 'x' || !(char.IsAsciiLetterOrDigit((char)text[at]) || text[at] == '_'));
        return at;
    }

    private static bool IsDigitAt(ReadOnlySpan<byte> text, int at) => at < text.Length && char.IsAsciiDigit((char)text[at]);
}
