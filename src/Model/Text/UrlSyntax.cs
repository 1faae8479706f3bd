using System.Buffers;

namespace Narthex.Model;

/// <summary>Tells whether a text is a URL as upstream reads them, and in upstream's words what is wrong with it.</summary>
/// <remarks>The platform's own reader accepts and refuses others, and gives no reason.</remarks>
public static class UrlSyntax
{
    private static readonly SearchValues<char> s_notUserInfo = SearchValues.Create([.. Others("-._:~!$&'()*+,;=%@")]);
    private static readonly SearchValues<char> s_notHost = SearchValues.Create([.. Others("-_.~!$&'()*+,;=:[]<>\"%")]);

    /// <summary>What is wrong with a URL: <c>parse "...": reason</c>. Null if nothing is.</summary>
    public static string? FindFault(string url)
    {
        int hash = url.IndexOf('#', StringComparison.Ordinal);
        string main = hash < 0 ? url : url[..hash];
        if (FindReason(main) is { } reason)
        {
            return $"parse {GoQuote.Quote(main)}: {reason}";
        }

        return hash >= 0 && FindEscape(url.AsSpan(hash + 1)) is { } escape ? $"parse {GoQuote.Quote(url)}: {escape}" : null;
    }

    private static string? FindReason(string url)
    {
        if (url.AsSpan().ContainsAnyInRange('\0', '\x1F') || url.Contains('\x7F', StringComparison.Ordinal))
        {
            return "net/url: invalid control character in URL";
        }

        if (url.StartsWith(':'))
        {
            return "missing protocol scheme";
        }

        int scheme = SchemeLength(url);
        ReadOnlySpan<char> rest = url.AsSpan(scheme > 0 ? scheme + 1 : 0);
        int query = rest.IndexOf('?');
        rest = query < 0 ? rest : rest[..query];
        if (!rest.StartsWith('/'))
        {
            int slash = rest.IndexOf('/');
            ReadOnlySpan<char> segment = slash < 0 ? rest : rest[..slash];
            return scheme > 0 ? null // Opaque, like mailto:.
                : segment.Contains(':') ? "first path segment in URL cannot contain colon"
                : FindEscape(rest);
        }

        if (rest.StartsWith("//") && (scheme > 0 || !rest.StartsWith("///")))
        {
            int end = rest[2..].IndexOf('/');
            ReadOnlySpan<char> authority = end < 0 ? rest[2..] : rest.Slice(2, end);
            rest = end < 0 ? [] : rest[(end + 2)..];
            int at = authority.LastIndexOf('@');
            if (FindHostReason(authority[(at + 1)..]) is { } reason)
            {
                return reason;
            }

            if (at >= 0 && (authority[..at].ContainsAny(s_notUserInfo) ? "net/url: invalid userinfo" : FindEscape(authority[..at])) is { } user)
            {
                return user;
            }
        }

        return FindEscape(rest);
    }

    private static int SchemeLength(string url)
    {
        for (int i = 0; i < url.Length; i++)
        {
            char c = url[i];
            if (c == ':')
            {
                return i;
            }

            if (!char.IsAsciiLetter(c) && (i == 0 || !(char.IsAsciiDigit(c) || c is '+' or '-' or '.')))
            {
                return 0;
            }
        }

        return 0;
    }

    private static string? FindHostReason(ReadOnlySpan<char> host)
    {
        ReadOnlySpan<char> port = [];
        if (host.StartsWith('['))
        {
            int end = host.LastIndexOf(']');
            if (end < 0)
            {
                return "missing ']' in host";
            }

            port = host[(end + 1)..];
        }
        else if (host.LastIndexOf(':') is >= 0 and var colon)
        {
            port = host[colon..];
        }

        if (!port.IsEmpty && (port[0] != ':' || port[1..].ContainsAnyExceptInRange('0', '9')))
        {
            return $"invalid port {GoQuote.Quote(port.ToString())} after host";
        }

        // The name of an interface, behind %25, may hold any escape; elsewhere only bytes that are no ASCII, and the percent sign itself, are escaped.
        int zone = host.StartsWith('[') ? host.IndexOf("%25") : -1;
        for (int i = 0; i < host.Length; i++)
        {
            if (host[i] == '%')
            {
                bool isEscape = i + 2 < host.Length && char.IsAsciiHexDigit(host[i + 1]) && char.IsAsciiHexDigit(host[i + 2]);
                if (!isEscape || (host[i + 1] < '8' && !host[i..].StartsWith("%25") && (zone < 0 || i < zone)))
                {
                    return InvalidEscape(host[i..]);
                }

                i += 2;
            }
            else if (s_notHost.Contains(host[i]))
            {
                return $"invalid character {GoQuote.Quote(host[i].ToString())} in host name";
            }
        }

        return null;
    }

    private static string? FindEscape(ReadOnlySpan<char> text)
    {
        for (int i = text.IndexOf('%'); i >= 0;)
        {
            if (i + 2 >= text.Length || !char.IsAsciiHexDigit(text[i + 1]) || !char.IsAsciiHexDigit(text[i + 2]))
            {
                return InvalidEscape(text[i..]);
            }

            int next = text[(i + 3)..].IndexOf('%');
            i = next < 0 ? -1 : i + 3 + next;
        }

        return null;
    }

    private static string InvalidEscape(ReadOnlySpan<char> text) => $"invalid URL escape {GoQuote.Quote(text[..Math.Min(3, text.Length)].ToString())}";

    // All of ASCII but letters, digits and those named.
    private static IEnumerable<char> Others(string allowed) =>
        Enumerable.Range(0, 128).Select(code => (char)code).Where(c => !char.IsAsciiLetterOrDigit(c) && !allowed.Contains(c, StringComparison.Ordinal));
}
