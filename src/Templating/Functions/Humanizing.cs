using System.Globalization;
using Narthex.Templating.Text;

namespace Narthex.Templating.Functions;

/// <summary>Numbers for people: four significant digits and a unit.</summary>
internal static class Humanizing
{
    private static readonly string[] s_greater = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
    private static readonly string[] s_smaller = ["m", "u", "n", "p", "f", "a", "z", "y"];
    private static readonly string[] s_binary = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];

    /// <summary>With metric prefixes: <c>1.235M</c>, <c>120m</c>.</summary>
    public static string Metric(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return FourDigits(value);
        }

        string unit = "";
        if (Math.Abs(value) >= 1)
        {
            foreach (string greater in s_greater)
            {
                if (Math.Abs(value) < 1000)
                {
                    break;
                }

                unit = greater;
                value /= 1000;
            }
        }
        else
        {
            (value, unit) = Smaller(value);
        }

        return FourDigits(value) + unit;
    }

    /// <summary>With binary prefixes: <c>1.177Mi</c>.</summary>
    public static string Binary(double value)
    {
        if (Math.Abs(value) <= 1 || !double.IsFinite(value))
        {
            return FourDigits(value);
        }

        string unit = "";
        foreach (string greater in s_binary)
        {
            if (Math.Abs(value) < 1024)
            {
                break;
            }

            unit = greater;
            value /= 1024;
        }

        return FourDigits(value) + unit;
    }

    /// <summary>Seconds as a duration: <c>1d 1h 0m 0s</c>, <c>123.5ms</c>.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds))
        {
            return FourDigits(seconds);
        }

        if (seconds == 0)
        {
            return FourDigits(seconds) + "s";
        }

        if (Math.Abs(seconds) < 1)
        {
            (double value, string unit) = Smaller(seconds);
            return FourDigits(value) + unit + "s";
        }

        string sign = seconds < 0 ? "-" : "";
        seconds = Math.Abs(seconds);
        long whole = seconds >= long.MaxValue ? long.MaxValue : (long)seconds;
        (long days, long hours, long minutes, long rest) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
        return (days, hours, minutes) switch
        {
            ( > 0, _, _) => string.Create(CultureInfo.InvariantCulture, $"{sign}{days}d {hours}h {minutes}m {rest}s"),
            (_, > 0, _) => string.Create(CultureInfo.InvariantCulture, $"{sign}{hours}h {minutes}m {rest}s"),
            (_, _, > 0) => string.Create(CultureInfo.InvariantCulture, $"{sign}{minutes}m {rest}s"),
            _ => sign + FourDigits(seconds) + "s",
        };
    }

    /// <summary>A share as a percentage: <c>12.35%</c>.</summary>
    public static string Percentage(double value) => FourDigits(value * 100) + "%";

    /// <summary>Seconds since 1970 as a date and time.</summary>
    /// <exception cref="TemplateException">The time is out of range.</exception>
    public static string Timestamp(double seconds) => double.IsFinite(seconds) ? ToInstant(seconds).Print() : FourDigits(seconds);

    /// <summary>Seconds since 1970 as a time, to the millisecond.</summary>
    /// <exception cref="TemplateException">The time is out of range.</exception>
    public static GoInstant ToInstant(double seconds) => GoInstant.FromUnixMilliseconds(Nanoseconds(seconds, "timestamp") / 1_000_000);

    /// <summary>Seconds as a duration.</summary>
    /// <exception cref="TemplateException">It is out of range.</exception>
    public static GoDurationValue ToDuration(double seconds) => new(new TimeSpan(Nanoseconds(seconds, "duration") / 100));

    /// <summary>As <c>%.4g</c>.</summary>
    public static string FourDigits(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : (value < 0 ? "-" : "") + GoFloatText.General(Math.Abs(value), 4, 'e');

    private static (double Value, string Unit) Smaller(double value)
    {
        string unit = "";
        foreach (string smaller in s_smaller)
        {
            if (Math.Abs(value) >= 1)
            {
                break;
            }

            unit = smaller;
            value *= 1000;
        }

        return (value, unit);
    }

    private static long Nanoseconds(double seconds, string what)
    {
        double nanoseconds = seconds * 1e9;
        return nanoseconds is > -9.223372036854775808e18 and < 9.223372036854775807e18
            ? (long)nanoseconds
            : throw new TemplateException($"{Model.FloatFormat.FormatGeneral(seconds)} cannot be represented as a nanoseconds {what} since it overflows int64");
    }
}
