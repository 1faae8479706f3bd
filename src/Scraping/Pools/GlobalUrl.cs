namespace Narthex.Scraping;

/// <summary>Makes URLs that work from other hosts.</summary>
internal static class GlobalUrl
{
    /// <summary>The URL with this host's name in place of a loopback address.</summary>
    public static string Of(string url)
    {
        var parsed = new Uri(url);
        return parsed.IsLoopback ? new UriBuilder(parsed) { Host = Environment.MachineName.ToLowerInvariant() }.Uri.ToString() : url;
    }
}
