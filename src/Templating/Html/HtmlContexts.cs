namespace Narthex.Templating.Html;

/// <summary>What the value of an attribute is.</summary>
internal enum AttributeKind : byte
{
    Plain,
    Url,
    Script,
    Style,
}

/// <summary>Where in a page a template is.</summary>
internal enum HtmlPlace : byte
{
    /// <summary>Between tags.</summary>
    Text,

    /// <summary>In a tag, between attributes.</summary>
    Tag,

    /// <summary>In the name of a tag.</summary>
    TagName,

    /// <summary>In the name of an attribute.</summary>
    AttributeName,

    /// <summary>Behind the name of an attribute.</summary>
    AfterName,

    /// <summary>Behind the equals sign.</summary>
    BeforeValue,

    /// <summary>In the value of an attribute.</summary>
    Value,

    /// <summary>In an element without tags inside, such as a title.</summary>
    RawText,

    /// <summary>In a script.</summary>
    Script,

    /// <summary>In a style sheet.</summary>
    Style,

    /// <summary>In a comment.</summary>
    Comment,
}

/// <summary>What the names of attributes and elements mean.</summary>
internal static class HtmlContexts
{
    private static readonly HashSet<string> s_urls = new(StringComparer.Ordinal)
    {
        "action", "archive", "background", "cite", "classid", "codebase", "data", "formaction", "href", "icon", "longdesc", "manifest", "poster", "profile",
        "src", "usemap", "xmlns",
    };

    /// <summary>The kind of an attribute by its name in lower case.</summary>
    public static AttributeKind AttributeKind(string name)
    {
        if (name.StartsWith("data-", StringComparison.Ordinal))
        {
            name = name[5..];
        }
        else if (name.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
        {
            if (name[..colon] == "xmlns")
            {
                return Html.AttributeKind.Url;
            }

            name = name[(colon + 1)..];
        }

        return name switch
        {
            _ when s_urls.Contains(name) => Html.AttributeKind.Url,
            "style" => Html.AttributeKind.Style,
            _ when name.StartsWith("on", StringComparison.Ordinal) => Html.AttributeKind.Script,
            _ when name.Contains("src", StringComparison.Ordinal) || name.Contains("uri", StringComparison.Ordinal) || name.Contains("url", StringComparison.Ordinal) => Html.AttributeKind.Url,
            _ => Html.AttributeKind.Plain,
        };
    }

    /// <summary>The place behind the opening tag of an element.</summary>
    public static HtmlPlace Inside(string element) => element switch
    {
        "script" => HtmlPlace.Script,
        "style" => HtmlPlace.Style,
        "title" or "textarea" => HtmlPlace.RawText,
        _ => HtmlPlace.Text,
    };
}
