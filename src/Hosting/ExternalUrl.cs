using System.Globalization;

namespace Narthex.Hosting;

/// <summary>Where users reach the server, and the paths that follow from it.</summary>
/// <param name="Url">The URL.</param>
/// <param name="Path">Its path: empty for the root, otherwise with a slash in front and none behind.</param>
/// <param name="RoutePrefix">The prefix of the routes, in the same form.</param>
internal sealed record ExternalUrl(Uri Url, string Path, string RoutePrefix)
{
    /// <summary>The URL as links begin with it: as it was given, without a slash at its end.</summary>
    public Uri BaseUrl => new(Url.OriginalString.TrimEnd('/'));

    /// <summary>Works it out from the flags; what is not given follows from the host's name and the first address.</summary>
    /// <exception cref="ServerStartException">The URL cannot be used.</exception>
    public static ExternalUrl From(ServerOptions options)
    {
        string text = options.ExternalUrl;
        if (text.Length > 0 && text[0] is '"' or '\'' || (text.Length > 0 && text[^1] is '"' or '\''))
        {
            throw Invalid(text, "URL must not begin or end with quotes");
        }

        if (text.Length == 0)
        {
            string address = options.ListenAddresses.Count > 0 ? options.ListenAddresses[0] : ":9090";
            text = string.Create(CultureInfo.InvariantCulture, $"http://{Environment.MachineName}:{address[(address.LastIndexOf(':') + 1)..]}/");
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
        {
            throw Invalid(text, "it is not an absolute http or https URL");
        }

        string path = Normalise(url.AbsolutePath);
        string prefix = options.RoutePrefix.Length == 0 ? path : Normalise(options.RoutePrefix);
        return new ExternalUrl(url, path, prefix);
    }

    private static string Normalise(string path) => path.Trim('/') is { Length: > 0 } inner ? "/" + inner : "";

    private static ServerStartException Invalid(string url, string reason) =>
        new($"parse external URL \"{url}\": {reason}", isConfigurationError: true);
}
