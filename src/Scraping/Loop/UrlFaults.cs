using System.Globalization;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Says what is wrong with a URL that relabelling has made, in the words that users know.</summary>
internal static class UrlFaults
{
    /// <summary>The reason why nothing can be asked of a URL.</summary>
    public static string Explain(string url)
    {
        int start = url.IndexOf("://", StringComparison.Ordinal);
        start = start < 0 ? 0 : start + 3;
        int end = url.AsSpan(start).IndexOfAny('/', '?', '#');
        string authority = end < 0 ? url[start..] : url.Substring(start, end);
        int colon = authority.LastIndexOf(':');
        string host = colon < 0 ? authority : authority[..colon];
        string port = colon < 0 ? "" : authority[(colon + 1)..];
        string get = $"Get {GoQuote.Quote(url)}: ";
        if (host.Length == 0 && port.Length == 0)
        {
            return $"Get {GoQuote.Quote(url[..start] + url[(start + authority.Length)..])}: http: no Host in request URL";
        }

        if (UrlSyntax.FindFault(url) is { } fault)
        {
            return fault;
        }

        if (host.Contains(':', StringComparison.Ordinal) && !host.StartsWith('['))
        {
            return $"{get}dial tcp: lookup {host}: no such host: address {authority}: too many colons in address";
        }

        return port.Length > 0 && (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > ushort.MaxValue)
            ? $"{get}dial tcp: address {port}: invalid port"
            : $"{get}dial tcp: lookup {host.Replace("%25", "%", StringComparison.Ordinal)}: no such host"; // A name that the platform does not even ask for.
    }
}
