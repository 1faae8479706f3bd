using System.Globalization;
using System.Text.RegularExpressions;

namespace Narthex.Configuration.Yaml;

/// <summary>What a plain scalar means in YAML 1.1.</summary>
internal enum YamlScalarKind : byte
{
    Text,
    Null,
    Boolean,
    Integer,
    Float,
    Timestamp,
}

/// <summary>Decides what plain scalars mean, and so which texts need quotes.</summary>
internal static partial class YamlScalarKinds
{
    public static YamlScalarKind Of(string text)
    {
        if (text is "" or "~" or "null" or "Null" or "NULL")
        {
            return YamlScalarKind.Null;
        }

        if (TryParseBoolean(text, out _) && text.Length > 1)
        {
            return YamlScalarKind.Boolean;
        }

        char first = text[0];
        if (!char.IsAsciiDigit(first) && first is not ('+' or '-' or '.'))
        {
            return YamlScalarKind.Text;
        }

        return Timestamp().IsMatch(text) ? YamlScalarKind.Timestamp
            : TryParseInteger(text, out _) ? YamlScalarKind.Integer
            : TryParseFloat(text, out _) ? YamlScalarKind.Float
            : YamlScalarKind.Text;
    }

    public static string TagOf(YamlScalarKind kind) => kind switch
    {
        YamlScalarKind.Null => "!!null",
        YamlScalarKind.Boolean => "!!bool",
        YamlScalarKind.Integer => "!!int",
        YamlScalarKind.Float => "!!float",
        YamlScalarKind.Timestamp => "!!timestamp",
        _ => "!!str",
    };

    public static bool TryParseBoolean(string text, out bool value)
    {
        value = text is "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON";
        return value || text is "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF";
    }

    public static bool TryParseInteger(string text, out Int128 value)
    {
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        bool negative = digits.StartsWith('-');
        digits = negative || digits.StartsWith('+') ? digits[1..] : digits;
        (string body, int radix) = digits switch
        {
            ['0', 'x' or 'X', ..] => (digits[2..], 16),
            ['0', 'b' or 'B', ..] => (digits[2..], 2),
            ['0', 'o' or 'O', ..] => (digits[2..], 8),
            ['0', _, ..] => (digits[1..], 8),
            _ => (digits, 10),
        };

        value = 0;
        if (body.Length is 0 or > 64)
        {
            return false;
        }

        foreach (char c in body)
        {
            int digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix || value > ulong.MaxValue)
            {
                return false;
            }

            value = (value * radix) + digit;
        }

        value = negative ? -value : value;
        return value <= ulong.MaxValue && value >= long.MinValue;
    }

    public static bool TryParseFloat(string text, out double value)
    {
        value = text switch
        {
            ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" => double.PositiveInfinity,
            "-.inf" or "-.Inf" or "-.INF" => double.NegativeInfinity,
            _ => double.NaN,
        };
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        return double.IsInfinity(value) || text is ".nan" or ".NaN" or ".NAN"
            || (Float().IsMatch(digits) && double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value));
    }

    /// <summary>Base 60 numbers of YAML 1.1 are text here, but other readers take them for numbers: they get quotes.</summary>
    public static bool LooksLikeBase60(string text) => Base60().IsMatch(text);

    [GeneratedRegex(@"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\z")]
    private static partial Regex Float();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s]+[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}.*)?\z")]
    private static partial Regex Timestamp();

    [GeneratedRegex(@"^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?\z")]
    private static partial Regex Base60();
}
