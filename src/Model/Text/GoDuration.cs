using System.Globalization;

namespace Narthex.Model;

/// <summary>Durations as the Go language prints them: <c>1m0s</c>, <c>1.5s</c>, <c>250ms</c>, <c>0s</c>.</summary>
public static class GoDuration
{
    /// <summary>The duration in Go's notation.</summary>
    public static string Format(TimeSpan duration) => FormatNanoseconds((Int128)duration.Ticks * 100);

    private static string FormatNanoseconds(Int128 nanoseconds)
    {
        if (nanoseconds == 0)
        {
            return "0s";
        }

        string sign = nanoseconds < 0 ? "-" : "";
        UInt128 amount = (UInt128)Int128.Abs(nanoseconds);
        if (amount < 1_000)
        {
            return $"{sign}{amount}ns";
        }

        if (amount < 1_000_000)
        {
            return $"{sign}{Decimal(amount, 1_000)}µs";
        }

        if (amount < 1_000_000_000)
        {
            return $"{sign}{Decimal(amount, 1_000_000)}ms";
        }

        UInt128 minutes = amount / 60_000_000_000;
        string seconds = Decimal(amount % 60_000_000_000, 1_000_000_000) + "s";
        return minutes == 0 ? sign + seconds
            : minutes < 60 ? $"{sign}{minutes}m{seconds}"
            : $"{sign}{minutes / 60}h{minutes % 60}m{seconds}";
    }

    private static string Decimal(UInt128 amount, uint unit) => ((decimal)amount / unit).ToString("0.#########", CultureInfo.InvariantCulture);
}
