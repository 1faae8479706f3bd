using System.Globalization;
using System.Text;

namespace Narthex.Templating.Text;

/// <summary>Times written after a model: Go's reference time, the 2nd of January 2006, 15:04:05, seven hours behind.</summary>
internal static class GoTimeLayout
{
    // Longer models come before those that they begin with.
    private static readonly string[] s_models =
    [
        "January", "Jan", "Monday", "Mon", "MST", "2006", "Z07:00:00", "Z070000", "Z07:00", "Z0700", "Z07", "-07:00:00", "-070000", "-07:00", "-0700", "-07",
        "002", "01", "02", "03", "04", "05", "06", "__2", "_2", "15", "PM", "pm", "1", "2", "3", "4", "5",
    ];

    private static readonly DateTimeFormatInfo s_names = CultureInfo.InvariantCulture.DateTimeFormat;

    /// <summary>A time after a model.</summary>
    public static string Format(in GoInstant time, string layout)
    {
        var text = new StringBuilder();
        DateTime local = time.Local;
        for (int at = 0; at < layout.Length;)
        {
            if (TryFraction(layout, at, out int digits, out bool trims, out char separator))
            {
                AppendFraction(text, time.Nanoseconds, digits, trims, separator);
                at += digits + 1;
            }
            else if (ModelAt(layout, at) is { } model)
            {
                text.Append(Part(time, local, model));
                at += model.Length;
            }
            else
            {
                text.Append(layout[at++]);
            }
        }

        return text.ToString();
    }

    private static string? ModelAt(string layout, int at)
    {
        foreach (string model in s_models)
        {
            if (string.CompareOrdinal(layout, at, model, 0, model.Length) != 0)
            {
                continue;
            }

            // "Jan" and "Mon" within words such as "Jane" are no models.
            bool isWordPart = model is "Jan" or "Mon" && at + 3 < layout.Length && char.IsAsciiLetterLower(layout[at + 3]);
            if (!isWordPart && !(model == "_2" && string.CompareOrdinal(layout, at, "_2006", 0, 5) == 0))
            {
                return model;
            }
        }

        return null;
    }

    private static bool TryFraction(string layout, int at, out int digits, out bool trims, out char separator)
    {
        (digits, trims, separator) = (0, false, layout[at]);
        if (separator is not ('.' or ',') || at + 1 >= layout.Length || layout[at + 1] is not ('0' or '9'))
        {
            return false;
        }

        char digit = layout[at + 1];
        int end = at + 1;
        while (end < layout.Length && layout[end] == digit)
        {
            end++;
        }

        digits = end - at - 1;
        trims = digit == '9';
        return end >= layout.Length || !char.IsAsciiDigit(layout[end]);
    }

    private static void AppendFraction(StringBuilder text, int nanoseconds, int digits, bool trims, char separator)
    {
        string fraction = nanoseconds.ToString("D9", CultureInfo.InvariantCulture).PadRight(digits, '0')[..digits];
        fraction = trims ? fraction.TrimEnd('0') : fraction;
        if (fraction.Length > 0)
        {
            text.Append(separator).Append(fraction);
        }
    }

    private static string Part(in GoInstant time, DateTime local, string model)
    {
        int hour12 = local.Hour % 12 == 0 ? 12 : local.Hour % 12;
        return model switch
        {
            "January" => s_names.GetMonthName(local.Month),
            "Jan" => s_names.GetAbbreviatedMonthName(local.Month),
            "Monday" => s_names.GetDayName(local.DayOfWeek),
            "Mon" => s_names.GetAbbreviatedDayName(local.DayOfWeek),
            "MST" => time.ZoneName,
            "2006" => Number(local.Year, "D4"),
            "06" => Number(local.Year % 100, "D2"),
            "01" => Number(local.Month, "D2"),
            "1" => Number(local.Month, "D"),
            "02" => Number(local.Day, "D2"),
            "_2" => Number(local.Day, "D").PadLeft(2),
            "2" => Number(local.Day, "D"),
            "002" => Number(local.DayOfYear, "D3"),
            "__2" => Number(local.DayOfYear, "D").PadLeft(3),
            "15" => Number(local.Hour, "D2"),
            "03" => Number(hour12, "D2"),
            "3" => Number(hour12, "D"),
            "04" => Number(local.Minute, "D2"),
            "4" => Number(local.Minute, "D"),
            "05" => Number(local.Second, "D2"),
            "5" => Number(local.Second, "D"),
            "PM" => local.Hour >= 12 ? "PM" : "AM",
            "pm" => local.Hour >= 12 ? "pm" : "am",
            _ => Zone(time.OffsetSeconds, model),
        };
    }

    private static string Zone(int offset, string model)
    {
        if (model[0] == 'Z' && offset == 0)
        {
            return "Z";
        }

        int amount = Math.Abs(offset);
        string colon = model.Contains(':', StringComparison.Ordinal) ? ":" : "";
        int parts = model.Replace(":", "", StringComparison.Ordinal).Length / 2;
        string zone = (offset < 0 ? "-" : "+") + Number(amount / 3600, "D2");
        zone += parts > 1 ? colon + Number(amount / 60 % 60, "D2") : "";
        return zone + (parts > 2 ? colon + Number(amount % 60, "D2") : "");
    }

    private static string Number(int value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
