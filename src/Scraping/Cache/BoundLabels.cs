using System.Globalization;
using System.Text;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Writes the numbers in <c>le</c> and <c>quantile</c> labels in one way, so that formats and clients that write 1, 1.0 or 1e0 mean one series.</summary>
internal static class BoundLabels
{
    /// <summary>Goes over the labels of a series that stands behind the declaration of this type.</summary>
    public static void Normalize(MetricType type, LabelsBuilder labels)
    {
        ReadOnlySpan<byte> name = type == MetricType.Histogram ? "le"u8 : type == MetricType.Summary ? "quantile"u8 : default;
        if (name.IsEmpty)
        {
            return;
        }

        ReadOnlySpan<byte> text = labels.Get(name);
        if (TryParse(text, out double bound))
        {
            byte[] normal = Encoding.ASCII.GetBytes(Format(bound));
            if (!text.SequenceEqual(normal))
            {
                labels.Set(name, normal);
            }
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> text, out double bound)
    {
        ReadOnlySpan<byte> unsigned = text.Length > 0 && text[0] is (byte)'+' or (byte)'-' ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
        {
            bound = text[0] == (byte)'-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }

        // A number too large for a double stays as it is written.
        return double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out bound)
            && !double.IsInfinity(bound);
    }

    private static string Format(double bound)
    {
        string text = FloatFormat.FormatGeneral(bound);
        return double.IsFinite(bound) && text.AsSpan().IndexOfAny('.', 'e') < 0 ? text + ".0" : text;
    }
}
