using System.Text;
using Narthex.Model;
using Narthex.Templating;
using Narthex.Web.Http;

namespace Narthex.Web.Consoles;

/// <summary>All parameters of a URL, each with all its values, as templates see them: a map that can also be asked by <c>Get</c> and <c>Has</c>.</summary>
internal sealed class UrlValues : Dictionary<string, object?>, ITemplateObject
{
    private UrlValues()
        : base(StringComparer.Ordinal)
    {
    }

    public string TypeName => "url.Values";

    /// <summary>Parses a query string, question mark included. False at the first part that is none.</summary>
    public static bool TryParse(string query, out UrlValues values, out string error)
    {
        values = [];
        error = "";
        foreach (string part in query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.Contains(';', StringComparison.Ordinal))
            {
                error = "invalid semicolon separator in query";
                return false;
            }

            int equals = part.IndexOf('=', StringComparison.Ordinal);
            if (!TryUnescape(equals < 0 ? part : part[..equals], out string name, out error)
                || !TryUnescape(equals < 0 ? "" : part[(equals + 1)..], out string value, out error))
            {
                return false;
            }

            if (values.TryGetValue(name, out object? known))
            {
                ((List<string>)known!).Add(value);
            }
            else
            {
                values.Add(name, new List<string> { value });
            }
        }

        return true;
    }

    public Dictionary<string, string> ToFirstValues() => this.ToDictionary(pair => pair.Key, pair => ((List<string>)pair.Value!)[0], StringComparer.Ordinal);

    public bool TryGetMember(string name, out object? value)
    {
        value = name switch
        {
            "Get" => new TemplateFunction(arguments => TryGetValue((string)arguments[0]!, out object? known) ? ((List<string>)known!)[0] : "", TemplateParameter.String),
            "Has" => new TemplateFunction(arguments => ContainsKey((string)arguments[0]!), TemplateParameter.String),
            "Encode" => new TemplateFunction(_ => Encode()),
            _ => null,
        };
        return value is not null;
    }

    public string Print() =>
        $"map[{string.Join(' ', this.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:[{string.Join(' ', (List<string>)pair.Value!)}]"))}]";

    private string Encode() => string.Join('&', this.OrderBy(pair => pair.Key, StringComparer.Ordinal)
        .SelectMany(pair => ((List<string>)pair.Value!).Select(value => Escape(pair.Key) + "=" + Escape(value))));

    private static string Escape(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    private static bool TryUnescape(string text, out string result, out string error)
    {
        (result, error) = ("", "");
        if (RequestParameters.Unescape(text, plusIsSpace: true) is { } bytes)
        {
            result = Encoding.UTF8.GetString(bytes);
            return true;
        }

        int at = 0;
        while (at + 2 < text.Length && (text[at] != '%' || (char.IsAsciiHexDigit(text[at + 1]) && char.IsAsciiHexDigit(text[at + 2]))))
        {
            at++;
        }

        at = text[at] == '%' ? at : text.IndexOf('%', at);
        error = $"invalid URL escape {GoQuote.Quote(text[at..Math.Min(text.Length, at + 3)])}";
        return false;
    }
}
