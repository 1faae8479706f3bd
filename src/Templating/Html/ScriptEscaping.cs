using System.Globalization;
using System.Text;
using Narthex.Templating.Text;

namespace Narthex.Templating.Html;

/// <summary>Escapes for scripts and style sheets.</summary>
internal static class ScriptEscaping
{
    /// <summary>The inside of a string literal, as the function <c>js</c> gives it.</summary>
    public static string Text(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            switch (c)
            {
                case '\\':
                    escaped.Append("\\\\");
                    break;
                case '\'':
                    escaped.Append("\\'");
                    break;
                case '"':
                    escaped.Append("\\\"");
                    break;
                case '<' or '>' or '&' or '=' or < ' ' or (char)127:
                    Code(escaped, c);
                    break;
                default:
                    escaped.Append(c);
                    break;
            }
        }

        return escaped.ToString();
    }

    /// <summary>The inside of a string literal in a page's script.</summary>
    public static string InString(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            switch (c)
            {
                case '\t':
                    escaped.Append("\\t");
                    break;
                case '\n':
                    escaped.Append("\\n");
                    break;
                case '\f':
                    escaped.Append("\\f");
                    break;
                case '\r':
                    escaped.Append("\\r");
                    break;
                case '\\':
                    escaped.Append("\\\\");
                    break;
                case '/':
                    escaped.Append("\\/");
                    break;
                case '"' or '\'' or '`' or '&' or '+' or '<' or '>' or '\u2028' or '\u2029' or < ' ':
                    escaped.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
                    break;
                default:
                    escaped.Append(c);
                    break;
            }
        }

        return escaped.ToString();
    }

    /// <summary>A value as a literal in a page's script.</summary>
    public static string Value(object? value)
    {
        string json = GoJson.Serialize(value);

        // A number must not run into a word or sign before or behind it.
        return json.Length > 0 && (char.IsAsciiLetterOrDigit(json[0]) || json[0] == '-') ? $" {json} " : json;
    }

    /// <summary>A value in a style sheet: numbers, words and colours; nothing that could run or load something.</summary>
    public static string StyleValue(string text)
    {
        bool isSafe = text.All(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or '.' or '#' or '%' or '-' or '_' or '!' or ',' or > (char)127)
            && !text.Contains("expression", StringComparison.OrdinalIgnoreCase) && !text.Contains("mozbinding", StringComparison.OrdinalIgnoreCase);
        return isSafe ? text : "ZgotmplZ";
    }

    /// <summary>The inside of a string in a style sheet.</summary>
    public static string InStyleString(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c is < ' ' or '"' or '&' or '\'' or '(' or ')' or '+' or '/' or ':' or ';' or '<' or '>' or '\\' or '{' or '}')
            {
                escaped.Append('\\').Append(((int)c).ToString("x", CultureInfo.InvariantCulture)).Append(' ');
            }
            else
            {
                escaped.Append(c);
            }
        }

        return escaped.ToString();
    }

    private static void Code(StringBuilder escaped, char c) => escaped.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
}
