using System.Globalization;
using System.Text;

namespace Narthex.Discovery.Refreshing;

/// <summary>Forms texts of other systems as addresses and label names.</summary>
internal static class MetaText
{
    /// <summary>The text as a part of a label name: each character that is no ASCII letter, digit or underscore becomes an underscore.</summary>
    public static string ToLabelName(string text)
    {
        var name = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            name.Append(rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || rune.Value == '_') ? (char)rune.Value : '_');
        }

        return name.ToString();
    }

    /// <summary>Host and port; the host in brackets if it is an IPv6 address.</summary>
    public static string HostPort(string host, long port)
    {
        string text = port.ToString(CultureInfo.InvariantCulture);
        return host.AsSpan().ContainsAny(':', '%') ? $"[{host}]:{text}" : $"{host}:{text}";
    }
}
