namespace Narthex.Web.Files;

/// <summary>Which kind of content a file has: by its name, or by how it begins.</summary>
internal static class ContentTypes
{
    public const string Html = "text/html; charset=utf-8";

    public const string PlainText = "text/plain; charset=utf-8";

    // As browsers are told to look for HTML: these, in any case, and then a space or the tag's end.
    private static readonly string[] s_tags =
    [
        "<!DOCTYPE HTML", "<HTML", "<HEAD", "<SCRIPT", "<IFRAME", "<H1", "<DIV", "<FONT", "<TABLE", "<A", "<STYLE", "<TITLE", "<B", "<BODY", "<BR", "<P", "<!--",
    ];

    public static string OfFile(string name) => Path.GetExtension(name).ToLowerInvariant() switch
    {
        ".js" or ".mjs" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".html" or ".htm" => Html,
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".jpg" or ".jpeg" => "image/jpeg",
        ".gif" => "image/gif",
        ".webp" => "image/webp",
        ".ico" => "image/x-icon",
        ".woff" => "font/woff",
        ".woff2" => "font/woff2",
        ".xml" => "text/xml; charset=utf-8",
        ".pdf" => "application/pdf",
        ".wasm" => "application/wasm",
        ".txt" or ".md" => PlainText,
        _ => "application/octet-stream",
    };

    /// <summary>The kind of a text that a template made, which may be a page or not.</summary>
    public static string OfText(string text)
    {
        ReadOnlySpan<char> start = text.AsSpan().TrimStart("\t\n\f\r ");
        foreach (string tag in s_tags)
        {
            if (start.StartsWith(tag, StringComparison.OrdinalIgnoreCase)
                && (tag == "<!--" || (start.Length > tag.Length && start[tag.Length] is ' ' or '>')))
            {
                return Html;
            }
        }

        return start.StartsWith("<?xml", StringComparison.Ordinal) ? "text/xml; charset=utf-8" : PlainText;
    }
}
