using System.Buffers;
using System.Globalization;

namespace Narthex.Templating.Text;

/// <summary>Numbers as Go's library reads them.</summary>
internal static class GoFloat
{
    private static readonly SearchValues<char> s_digits = SearchValues.Create("0123456789.eE+-");

    /// <summary>Reads a number; infinity and NaN in all their spellings.</summary>
    public static bool TryParse(string text, out double value)
    {
        string unsigned = text.TrimStart('+', '-');
        if (text.Length - unsigned.Length <= 1)
        {
            switch (unsigned.ToLowerInvariant())
            {
                case "inf" or "infinity":
                    value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
                    return true;
                case "nan" when unsigned.Length == text.Length:
                    value = double.NaN;
                    return true;
            }
        }

        bool isPlain = unsigned.Length > 0 && unsigned.AsSpan().IndexOfAnyExcept(s_digits) < 0;
        return double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value) && isPlain;
    }
}
