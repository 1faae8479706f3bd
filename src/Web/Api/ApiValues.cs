using System.Globalization;
using Narthex.Model;

namespace Narthex.Web.Api;

/// <summary>Reads times, durations and limits from parameters, with upstream's forms and messages.</summary>
internal static class ApiValues
{
    // The ends of time as upstream's clients send them.
    private const string MinTimeText = "-292273086-05-16T16:47:06Z";
    private const string MaxTimeText = "292277025-08-18T07:12:54.999999999Z";

    /// <summary>Seconds since the Unix epoch, with decimals, or RFC 3339; in milliseconds.</summary>
    public static bool TryParseTime(string text, out long timestampMs)
    {
        if (TryParseFloat(text, out double seconds) && !double.IsNaN(seconds))
        {
            double whole = Math.Truncate(seconds);
            double milliseconds = Math.Round((seconds - whole) * 1000, MidpointRounding.AwayFromZero);
            timestampMs = Math.Abs(whole) >= 9.2e15
                ? whole < 0 ? long.MinValue : long.MaxValue
                : ((long)whole * 1000) + (long)milliseconds;
            return true;
        }

        if (text is MinTimeText or MaxTimeText)
        {
            timestampMs = text == MinTimeText ? long.MinValue : long.MaxValue;
            return true;
        }

        return TryParseRfc3339(text, out timestampMs);
    }

    /// <summary>The time of a parameter that must be there.</summary>
    public static long RequiredTime(string name, string text) =>
        TryParseTime(text, out long timestampMs)
            ? timestampMs
            : throw ApiException.InvalidParameter(name, $"cannot parse {GoQuote.Quote(text)} to a valid timestamp");

    /// <summary>The time of a parameter that may be left out.</summary>
    public static long OptionalTime(string name, string text, long otherwise) =>
        text.Length == 0 ? otherwise
        : TryParseTime(text, out long timestampMs) ? timestampMs
        : throw ApiException.InvalidParameter(
            name, $"invalid time value for '{name}': cannot parse {GoQuote.Quote(text)} to a valid timestamp");

    /// <summary>Seconds with decimals, or a duration such as <c>5m</c>. Null with a reason if it is neither.</summary>
    public static TimeSpan? ParseDuration(string text, out string error)
    {
        error = "";
        if (TryParseFloat(text, out double seconds))
        {
            if (Math.Abs(seconds) * 1e9 < long.MaxValue)
            {
                return TimeSpan.FromTicks((long)(seconds * TimeSpan.TicksPerSecond));
            }

            error = $"cannot parse {GoQuote.Quote(text)} to a valid duration. It overflows int64";
            return null;
        }

        if (PrometheusDuration.TryParse(text, out TimeSpan duration))
        {
            return duration;
        }

        error = $"cannot parse {GoQuote.Quote(text)} to a valid duration";
        return null;
    }

    /// <summary>A limit of results; 0 for none.</summary>
    public static int Limit(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        int limit = Integer(text, reason => ApiException.InvalidParameter("limit", reason));
        return limit >= 0 ? limit : throw ApiException.InvalidParameter("limit", "limit must be non-negative");
    }

    /// <summary>A whole number, or the error that <paramref name="error"/> makes of the reason.</summary>
    public static int Integer(string text, Func<string, ApiException> error)
    {
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value))
        {
            return value;
        }

        bool isNumber = text.Length > 0 && text.AsSpan(text[0] is '+' or '-' ? 1 : 0) is { IsEmpty: false } digits
            && digits.IndexOfAnyExceptInRange('0', '9') < 0;
        throw error($"strconv.Atoi: parsing {GoQuote.Quote(text)}: {(isNumber ? "value out of range" : "invalid syntax")}");
    }

    private static bool TryParseFloat(string text, out double value) =>
        double.TryParse(
            text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value)
        && double.IsFinite(value);

    private static bool TryParseRfc3339(string text, out long timestampMs)
    {
        timestampMs = 0;
        ReadOnlySpan<char> rest = text;
        bool hasOffset = rest.Length > 19 && (rest[^1] == 'Z' || (rest[^3] == ':' && rest[^6] is '+' or '-'));
        if (!hasOffset || rest[10] != 'T')
        {
            return false;
        }

        ReadOnlySpan<char> offset = rest[^1] == 'Z' ? rest[^1..] : rest[^6..];
        ReadOnlySpan<char> fraction = rest[19..^offset.Length];
        if (!fraction.IsEmpty && (fraction[0] != '.' || fraction.Length < 2 || fraction[1..].IndexOfAnyExceptInRange('0', '9') >= 0))
        {
            return false;
        }

        // The clock here ends at milliseconds; the digits behind them are cut, as upstream does.
        string cut = string.Concat(rest[..19], fraction[..Math.Min(fraction.Length, 4)], offset);
        if (!DateTimeOffset.TryParseExact(
            cut, "yyyy-MM-dd'T'HH:mm:ss.FFFK", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset moment))
        {
            return false;
        }

        timestampMs = moment.ToUnixTimeMilliseconds();
        return true;
    }
}
