using System.Text;

namespace Narthex.Templating.Html;

/// <summary>Escapes for HTML.</summary>
internal static class HtmlEscaping
{
    /// <summary>Text between tags, or in a quoted attribute.</summary>
    public static string Text(string text) => Escape(text, keepsReferences: false, unquoted: false);

    /// <summary>HTML that may stay what it is: only what could end its place is escaped, and references are kept.</summary>
    public static string Normalize(string html) => Escape(html, keepsReferences: true, unquoted: false);

    /// <summary>The value of an attribute without quotes.</summary>
    public static string Unquoted(string text) => text.Length == 0 ? "ZgotmplZ" : Escape(text, keepsReferences: false, unquoted: true);

    /// <summary>The name of a tag or an attribute: a word that means nothing dangerous.</summary>
    public static string Name(string text)
    {
        bool isSafe = text.Length > 0 && text.All(char.IsAsciiLetterOrDigit) && HtmlContexts.AttributeKind(text.ToLowerInvariant()) == AttributeKind.Plain;
        return isSafe ? text : "ZgotmplZ";
    }

    /// <summary>HTML without its tags.</summary>
    public static string StripTags(string html)
    {
        if (!html.Contains('<', StringComparison.Ordinal))
        {
            return html;
        }

        var text = new StringBuilder();
        bool inTag = false;
        for (int i = 0; i < html.Length; i++)
        {
            if (!inTag && html[i] == '<' && i + 1 < html.Length && (char.IsAsciiLetter(html[i + 1]) || html[i + 1] is '/' or '!'))
            {
                inTag = true;
            }
            else if (inTag)
            {
                inTag = html[i] != '>';
            }
            else
            {
                text.Append(html[i]);
            }
        }

        return text.ToString();
    }

    private static string Escape(string text, bool keepsReferences, bool unquoted)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            string? replacement = c switch
            {
                '\0' => "\uFFFD",
                '"' => "&#34;",
                '&' when !keepsReferences => "&amp;",
                '\'' => "&#39;",
                '+' => "&#43;",
                '<' => "&lt;",
                '>' => "&gt;",
                '\t' when unquoted => "&#9;",
                '\n' when unquoted => "&#10;",
                '\v' when unquoted => "&#11;",
                '\f' when unquoted => "&#12;",
                '\r' when unquoted => "&#13;",
                ' ' when unquoted => "&#32;",
                '=' when unquoted => "&#61;",
                '`' when unquoted => "&#96;",
                _ => null,
            };
            if (replacement is null)
            {
                escaped.Append(c);
            }
            else
            {
                escaped.Append(replacement);
            }
        }

        return escaped.ToString();
    }
}
