using System.Globalization;

namespace Narthex.Model;

/// <summary>Durations as Prometheus writes them: <c>1h30m</c>, <c>15s</c>, <c>250ms</c>; units y, w, d, h, m, s, ms from large to small.</summary>
public static class DurationFormat
{
    private const long DayMs = 24L * 3600 * 1000;

    private static readonly (string Unit, long Ms, bool Exact)[] s_units =
    [
        // A year or a week is only printed when nothing remains below it, as upstream does.
        ("y", 365 * DayMs, true), ("w", 7 * DayMs, true), ("d", DayMs, false), ("h", 3600_000, false), ("m", 60_000, false), ("s", 1000, false), ("ms", 1, false),
    ];

    /// <summary>Reads a duration.</summary>
    /// <exception cref="FormatException">It is none. The message is the one that users know.</exception>
    public static TimeSpan Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        if (text.Length == 0)
        {
            throw new FormatException("empty duration string");
        }

        return TryParse(text, out TimeSpan duration, out bool outOfRange)
            ? duration
            : throw new FormatException(outOfRange ? "duration out of range" : "not a valid duration string: " + GoQuote.Quote(text));
    }

    /// <summary>Reads a duration. False if it is none.</summary>
    public static bool TryParse(string text, out TimeSpan duration) => TryParse(text, out duration, out _);

    /// <summary>Writes a duration with the largest units first; zero is <c>0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        long rest = duration.Ticks / TimeSpan.TicksPerMillisecond;
        if (rest == 0)
        {
            return "0s";
        }

        string text = rest < 0 ? "-" : "";
        rest = Math.Abs(rest);
        foreach ((string unit, long ms, bool exact) in s_units)
        {
            if (rest >= ms && (!exact || rest % ms == 0))
            {
                text += (rest / ms).ToString(CultureInfo.InvariantCulture) + unit;
                rest %= ms;
            }
        }

        return text;
    }

    private static bool TryParse(string text, out TimeSpan duration, out bool outOfRange)
    {
        duration = TimeSpan.Zero;
        outOfRange = false;
        if (text == "0")
        {
            return true;
        }

        ReadOnlySpan<char> rest = text;
        Int128 totalMs = 0;
        int unitIndex = 0;
        while (!rest.IsEmpty)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0)
            {
                return false;
            }

            // More digits than any duration in range has: the value only has to stay out of range.
            Int128 number = digits > 25 ? Int128.MaxValue / (400 * DayMs) : Int128.Parse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture);
            rest = rest[digits..];
            int unitLength = rest.StartsWith("ms") ? 2 : 1;
            ReadOnlySpan<char> unit = rest[..unitLength];
            while (unitIndex < s_units.Length && !unit.SequenceEqual(s_units[unitIndex].Unit))
            {
                unitIndex++;
            }

            if (unitIndex == s_units.Length)
            {
                return false;
            }

            totalMs += number * s_units[unitIndex++].Ms;
            rest = rest[unitLength..];
        }

        // Upstream counts nanoseconds in 64 bits.
        outOfRange = totalMs > long.MaxValue / 1_000_000;
        if (outOfRange)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds((long)totalMs);
        return text.Length > 0;
    }
}
