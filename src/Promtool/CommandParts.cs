using System.Buffers;
using System.Globalization;
using Narthex.CommandLine;
using Narthex.Model;

namespace Narthex.Promtool;

/// <summary>Flags, arguments and checks that several commands share.</summary>
internal static class CommandParts
{
    public const string HttpConfigFile = "http.config.file";

    private static readonly SearchValues<char> s_numberCharacters = SearchValues.Create("0123456789.");

    public static Flag HttpConfig { get; } = new()
    {
        Name = HttpConfigFile,
        Placeholder = "<filename>",
        Help = "File with the settings of the HTTP client (TLS, authentication, proxies).",
        Check = ExistingFile,
    };

    public static Flag Header => Repeated("header", "Further headers of the request (name=value).") with { Check = HeaderPair };

    public static Flag Switch(string name, string help, char letter = default) => new() { Name = name, Help = help, IsSwitch = true, Letter = letter };

    public static Flag Value(string name, string? normal, string help, Func<string, string?>? check = null) => new() { Name = name, Default = normal, Help = help, Check = check };

    public static Flag Repeated(string name, string help, string? normal = null, bool isRequired = false) =>
        new() { Name = name, Help = help, IsRepeated = true, Default = normal, IsRequired = isRequired };

    public static Argument Required(string name, string help, Func<string, string?>? check = null) => new() { Name = name, Help = help, IsRequired = true, Check = check };

    public static Argument Optional(string name, string help, string? normal = null) => new() { Name = name, Help = help, Default = normal };

    public static Argument Files(string name, string help, bool isRequired) =>
        new() { Name = name, Help = help, IsRequired = isRequired, IsRepeated = true, Check = ExistingFile };

    public static string? ExistingFile(string path) =>
        Directory.Exists(path) ? $"'{path}' is a directory" : !File.Exists(path) ? $"path '{path}' does not exist" : null;

    public static string? Url(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        bool startsWithPort = colon > 0 && !char.IsAsciiLetter(text[0]) && text.AsSpan(0, colon).IndexOf('/') < 0;
        return startsWithPort ? $"invalid URL: parse {GoQuote.Quote(text)}: first path segment in URL cannot contain colon"
            : colon == 0 ? $"invalid URL: parse {GoQuote.Quote(text)}: missing protocol scheme"
            : text.Length > 0 && (Uri.TryCreate(text, UriKind.Absolute, out _) || colon < 0) ? null
            : $"invalid URL: parse {GoQuote.Quote(text)}: invalid URI for request";
    }

    public static string? Duration(string text) => PrometheusDuration.TryParse(text, out _) || TryParseGoDuration(text, out _) ? null : GoFault(text);

    public static string? Integer(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? null : $"strconv.ParseInt: parsing {GoQuote.Quote(text)}: invalid syntax";

    public static Func<string, string?> OneOf(params string[] values) =>
        text => values.Contains(text) ? null : $"enum value must be one of {string.Join(',', values)}, got '{text}'";

    public static long GetInteger(this FlagValues flags, string name) => long.Parse(flags.Get(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    /// <summary>A duration in either notation: <c>1d</c> as in configurations, <c>1.5h</c> as in Go.</summary>
    public static TimeSpan ParseDuration(string text) =>
        PrometheusDuration.TryParse(text, out TimeSpan duration) || TryParseGoDuration(text, out duration)
            ? duration
            : throw new ToolException($"not a valid duration string: {GoQuote.Quote(text)}");

    /// <summary>A time as RFC 3339 or seconds since the Unix epoch, in milliseconds.</summary>
    public static long ParseTime(string text, string what)
    {
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double seconds) && double.IsFinite(seconds))
        {
            return (long)Math.Round(seconds * 1000);
        }

        return text.Contains('T', StringComparison.OrdinalIgnoreCase)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time.ToUnixTimeMilliseconds()
            : throw new ToolException($"error parsing {what} time: cannot parse {GoQuote.Quote(text)} to a valid timestamp");
    }

    /// <summary>Whether a text is <c>name=value</c>.</summary>
    public static string? Pair(string text) => text.IndexOf('=', StringComparison.Ordinal) > 0 ? null : $"expected KEY=VALUE got '{text}'";

    private static string? HeaderPair(string text) => text.AsSpan().IndexOfAny('=', ':') > 0 ? null : $"expected KEY=VALUE got '{text}'";

    // In the words of Go's parser.
    private static string GoFault(string text)
    {
        string number = text.TrimStart('-', '+');
        int unitStart = number.AsSpan().IndexOfAnyExcept(s_numberCharacters);
        string quoted = GoQuote.Quote(text);
        return number.Length == 0 || unitStart == 0 ? $"time: invalid duration {quoted}"
            : unitStart < 0 ? $"time: missing unit in duration {quoted}"
            : $"time: unknown unit {GoQuote.Quote(new string([.. number[unitStart..].TakeWhile(c => !char.IsAsciiDigit(c) && c != '.')]))} in duration {quoted}";
    }

    private static bool TryParseGoDuration(string text, out TimeSpan duration)
    {
        duration = default;
        double total = 0;
        int at = 0;
        while (at < text.Length)
        {
            int start = at;
            while (at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'))
            {
                at++;
            }

            if (!double.TryParse(text.AsSpan(start, at - start), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            {
                return false;
            }

            int unitStart = at;
            while (at < text.Length && char.IsLetter(text[at]))
            {
                at++;
            }

            double? unit = text[unitStart..at] switch { "h" => 3600, "m" => 60, "s" => 1, "ms" => 1e-3, "us" or "µs" => 1e-6, "ns" => 1e-9, _ => null };
            if (unit is null)
            {
                return false;
            }

            total += number * unit.Value;
        }

        duration = TimeSpan.FromSeconds(total);
        return text.Length > 0;
    }
}
