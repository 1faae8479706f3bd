using System.Text.RegularExpressions;
using Narthex.Model;

namespace Narthex.Configuration.Loading;

/// <summary>Checks and shows URLs without changing how they were written.</summary>
internal static partial class UrlText
{
    /// <summary>The text itself, if it can be a URL.</summary>
    public static string Check(string text) => UrlSyntax.FindFault(text) is { } fault ? throw new ConfigurationException(fault) : text;

    /// <summary>The scheme in lower case; empty if there is none.</summary>
    public static string SchemeOf(string url) => Scheme().Match(url) is { Success: true } match ? match.Groups[1].Value.ToLowerInvariant() : "";

    /// <summary>Host and port; empty if there are none.</summary>
    public static string HostOf(string url) => Authority().Match(url) is { Success: true } match ? match.Groups[2].Value : "";

    /// <summary>The URL as it may be shown: a password is masked as upstream masks it.</summary>
    public static string Redact(string url) => Password().Replace(url, "$1xxxxx@");

    [GeneratedRegex("^([a-zA-Z][a-zA-Z0-9+.-]*):")]
    private static partial Regex Scheme();

    [GeneratedRegex("^[a-zA-Z][a-zA-Z0-9+.-]*://([^/?#]*@)?([^/?#]*)")]
    private static partial Regex Authority();

    [GeneratedRegex("^([a-zA-Z][a-zA-Z0-9+.-]*://[^/?#:@]*:)[^/?#]*@")]
    private static partial Regex Password();
}
