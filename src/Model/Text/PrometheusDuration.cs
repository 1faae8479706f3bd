using System.Globalization;
using System.Text;

namespace Narthex.Model;

/// <summary>Durations as configuration and PromQL write them: <c>1h30m</c>, <c>15s</c>, <c>2w</c>, <c>250ms</c>.</summary>
public static class PrometheusDuration
{
    // Largest first, the order in which they must be written. Durations are 64-bit nanoseconds upstream, hence the limit.
    private static readonly (string Unit, long Milliseconds)[] s_units =
        [("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    private const long MillisecondsMax = long.MaxValue / 1_000_000;

    /// <summary>Reads a duration.</summary>
    /// <exception cref="FormatException">It is not one; the message is upstream's.</exception>
    public static TimeSpan Parse(string text) =>
        TryParseMilliseconds(text, out long milliseconds, out string? error) ? TimeSpan.FromMilliseconds(milliseconds) : throw new FormatException(error);

    /// <summary>Reads a duration; false if it is not one.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        bool parsed = TryParseMilliseconds(text, out long milliseconds, out _);
        duration = TimeSpan.FromMilliseconds(milliseconds);
        return parsed;
    }

    /// <summary>Reads a duration in milliseconds; if it is not one, <paramref name="error"/> says so as upstream does.</summary>
    public static bool TryParseMilliseconds(string text, out long milliseconds, out string? error)
    {
        milliseconds = 0;
        error = null;
        if (text == "0")
        {
            return true;
        }

        if (text.Length == 0)
        {
            error = "empty duration string";
            return false;
        }

        int at = 0;
        int unitIndex = 0;
        Int128 total = 0;
        while (at < text.Length)
        {
            int start = at;
            Int128 amount = 0;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                amount = Int128.Min((amount * 10) + (text[at++] - '0'), long.MaxValue);
            }

            int unitStart = at;
            while (at > start && at < text.Length && !char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            string unit = text[unitStart..at];
            int found = Array.FindIndex(s_units, known => known.Unit == unit);
            if (found < unitIndex)
            {
                error = found < 0 && unit.Length > 0 ? $"unknown unit {GoQuote.Quote(unit)} in duration {GoQuote.Quote(text)}" : $"not a valid duration string: {GoQuote.Quote(text)}";
                return false;
            }

            unitIndex = found + 1;
            total += amount * s_units[found].Milliseconds;
        }

        if (total > MillisecondsMax)
        {
            error = "duration out of range";
            return false;
        }

        milliseconds = (long)total;
        return true;
    }

    /// <summary>The duration in the same notation; exact multiples of a week or a year use those units only if nothing smaller is left.</summary>
    public static string Format(TimeSpan duration) => FormatMilliseconds(duration.Ticks / TimeSpan.TicksPerMillisecond);

    /// <inheritdoc cref="Format"/>
    public static string FormatMilliseconds(long milliseconds)
    {
        if (milliseconds == 0)
        {
            return "0s";
        }

        var text = new StringBuilder(milliseconds < 0 ? "-" : "");
        Int128 rest = Int128.Abs(milliseconds);
        foreach ((string unit, long size) in s_units)
        {
            if (rest < size || (unit is "y" or "w" && rest % size != 0))
            {
                continue;
            }

            text.Append(CultureInfo.InvariantCulture, $"{rest / size}{unit}");
            rest %= size;
        }

        return text.ToString();
    }
}
