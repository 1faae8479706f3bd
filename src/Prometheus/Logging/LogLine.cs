using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Narthex.Prometheus.Logging;

/// <summary>Prints one log message as upstream's programs print it: logfmt, or JSON, with the same keys in the same order.</summary>
internal static class LogLine
{
    private static readonly JsonWriterOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary><c>time=… level=INFO source=… msg="…" key=value</c></summary>
    public static string FormatLogfmt(DateTimeOffset time, string level, string source, string message, IEnumerable<KeyValuePair<string, string>> attributes)
    {
        var line = new StringBuilder(160);
        Append(line, "time", FormatTime(time));
        Append(line, "level", level);
        Append(line, "source", source);
        Append(line, "msg", message);
        foreach ((string key, string value) in attributes)
        {
            Append(line, key, value);
        }

        return line.ToString();
    }

    /// <summary><c>{"time":"…","level":"INFO","source":"…","msg":"…","key":"value"}</c></summary>
    public static string FormatJson(DateTimeOffset time, string level, string source, string message, IEnumerable<KeyValuePair<string, string>> attributes)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, JsonOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("time", FormatTime(time));
            writer.WriteString("level", level);
            writer.WriteString("source", source);
            writer.WriteString("msg", message);
            foreach ((string key, string value) in attributes)
            {
                writer.WriteString(key, value);
            }

            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static string FormatTime(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    private static void Append(StringBuilder line, string key, string value)
    {
        if (line.Length > 0)
        {
            line.Append(' ');
        }

        line.Append(key).Append('=').Append(NeedsQuotes(value) ? Model.GoQuote.Quote(value) : value);
    }

    private static bool NeedsQuotes(string value)
    {
        if (value.Length == 0)
        {
            return true;
        }

        foreach (char c in value)
        {
            if (c is ' ' or '"' or '=' or '\\' || char.IsControl(c) || c == '\uFFFD')
            {
                return true;
            }
        }

        return false;
    }
}
