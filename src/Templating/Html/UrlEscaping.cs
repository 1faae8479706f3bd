using System.Globalization;
using System.Text;

namespace Narthex.Templating.Html;

/// <summary>Escapes for URLs in attributes.</summary>
internal static class UrlEscaping
{
    /// <summary>What stands where a URL could run a script.</summary>
    public const string Refused = "#ZgotmplZ";

    /// <summary>A part of a query: everything that means something in a URL is escaped.</summary>
    public static string Escape(string text) => Process(text, keeps: false);

    /// <summary>A URL or the beginning of one: what may stand in it stays.</summary>
    public static string Normalize(string text) => Process(text, keeps: true);

    /// <summary>Whether it has no scheme, or one that does no harm.</summary>
    public static bool IsSafe(string url)
    {
        int colon = url.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || url.AsSpan(0, colon).Contains('/'))
        {
            return true;
        }

        return url[..colon].ToLowerInvariant() is "http" or "https" or "mailto";
    }

    private static string Process(string text, bool keeps)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var escaped = new StringBuilder(bytes.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            char c = (char)bytes[i];
            bool stays = char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~'
                || (keeps && "!#$&*+,/:;=?@[]".Contains(c, StringComparison.Ordinal))
                || (keeps && c == '%' && i + 2 < bytes.Length && char.IsAsciiHexDigit((char)bytes[i + 1]) && char.IsAsciiHexDigit((char)bytes[i + 2]));
            if (stays)
            {
                escaped.Append(c);
            }
            else
            {
                escaped.Append('%').Append(bytes[i].ToString("x2", CultureInfo.InvariantCulture));
            }
        }

        return escaped.ToString();
    }
}
