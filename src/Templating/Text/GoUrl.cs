using System.Globalization;
using System.Text;

namespace Narthex.Templating.Text;

/// <summary>URL escaping and addresses as Go's library handles them.</summary>
public static class GoUrl
{
    /// <summary>Escapes text for a URL's query; a space becomes a plus.</summary>
    public static string QueryEscape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (byte b in Encoding.UTF8.GetBytes(text))
        {
            if (char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'_' or (byte)'.' or (byte)'~')
            {
                escaped.Append((char)b);
            }
            else if (b == ' ')
            {
                escaped.Append('+');
            }
            else
            {
                escaped.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
            }
        }

        return escaped.ToString();
    }

    /// <summary>Takes <c>host:port</c> apart. False if it is not that.</summary>
    public static bool TrySplitHostPort(string address, out string host, out string port)
    {
        (host, port) = ("", "");
        int colon = address.LastIndexOf(':');
        if (colon < 0)
        {
            return false;
        }

        if (address[0] == '[')
        {
            int close = address.IndexOf(']', StringComparison.Ordinal);
            if (close < 0 || close + 1 != colon)
            {
                return false;
            }

            host = address[1..close];
            if (host.Contains('[', StringComparison.Ordinal))
            {
                return false;
            }
        }
        else
        {
            host = address[..colon];
            if (host.AsSpan().IndexOfAny(":[]") >= 0)
            {
                return false;
            }
        }

        port = address[(colon + 1)..];
        return port.AsSpan().IndexOfAny("[]") < 0;
    }
}
