namespace Narthex.Discovery.Refreshing;

/// <summary>Addresses as they may stand in logs.</summary>
internal static class UrlPlace
{
    /// <summary>The address without a user and password.</summary>
    public static string WithoutCredentials(string address)
    {
        int scheme = address.IndexOf("://", StringComparison.Ordinal);
        int start = scheme < 0 ? 0 : scheme + 3;
        int end = address.AsSpan(start).IndexOf('/') is var slash and >= 0 ? start + slash : address.Length;
        int at = address.AsSpan(start, end - start).LastIndexOf('@');
        return at < 0 ? address : address[..start] + address[(start + at + 1)..];
    }
}
