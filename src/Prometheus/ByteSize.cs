using System.Globalization;

namespace Narthex.Prometheus;

/// <summary>Amounts of bytes as flags take them: <c>512MB</c>, in powers of 1024.</summary>
internal static class ByteSize
{
    private static readonly string[] Units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

    /// <summary>Reads an amount; a unit is required (and may be written <c>KiB</c>). False if it is none, or more than 63 bits hold.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (digits <= 0 || !long.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out long amount))
        {
            return false;
        }

        int unit = Array.IndexOf(Units, text[digits..].Replace("iB", "B", StringComparison.Ordinal).ToUpperInvariant());
        if (unit < 0 || (unit > 0 && amount > long.MaxValue >> (10 * unit)))
        {
            return false;
        }

        bytes = amount << (10 * unit);
        return true;
    }
}
