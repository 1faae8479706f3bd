namespace Narthex.Scraping;

/// <summary>Makes URLs that work from other hosts.</summary>
internal static class GlobalUrl
{
    private static readonly string[] LoopbackHosts = ["localhost", "127.0.0.1", "[::1]"];

    /// <summary>The URL with this host's name in place of a loopback address; everything else as it is written, even if it is no URL.</summary>
    public static string Of(string url)
    {
        int start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        foreach (string host in LoopbackHosts)
        {
            ReadOnlySpan<char> rest = url.AsSpan(Math.Min(start, url.Length));
            if (start > 2 && rest.StartsWith(host) && (rest.Length == host.Length || rest[host.Length] is ':' or '/' or '?'))
            {
                return string.Concat(url.AsSpan(0, start), Environment.MachineName, rest[host.Length..]);
            }
        }

        return url;
    }
}
