using System.Collections.Frozen;
using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;
using Narthex.Model;
using Narthex.Web.Http;

namespace Narthex.Web.Ui;

/// <summary>Serves the browser UI from the files embedded in this assembly under <c>ui/</c>.</summary>
/// <remarks>
/// Scripts and styles have their content's hash in their names: they are cached for good. The page itself carries
/// settings of this server in place of marks, and is asked for anew each time.
/// </remarks>
internal sealed class UiAssets
{
    /// <summary>The pages of the UI: all get the same document, which reads the path itself.</summary>
    public static readonly string[] Pages =
    [
        "/query", "/alerts", "/rules", "/targets", "/service-discovery", "/alertmanager-discovery",
        "/status", "/tsdb-status", "/flags", "/config", "/agent",
    ];

    private const string Prefix = "ui/";
    private const string Immutable = "public, max-age=31536000, immutable";

    // Styles are inlined by the component library; everything else comes from this server only.
    private const string ContentSecurityPolicy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'self'";

    private readonly FrozenDictionary<string, Asset> _assets;
    private readonly Asset _page;

    public UiAssets(WebOptions options, Assembly assembly)
    {
        var assets = new Dictionary<string, Asset>(StringComparer.Ordinal);
        foreach (string name in assembly.GetManifestResourceNames())
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && name != Prefix + "index.html")
            {
                assets[name[Prefix.Length..].Replace('\\', '/')] = new Asset(ContentType(name), Read(assembly, name));
            }
        }

        IsEmbedded = assembly.GetManifestResourceInfo(Prefix + "index.html") is not null;
        _assets = assets.ToFrozenDictionary(StringComparer.Ordinal);
        _page = new Asset("text/html; charset=utf-8", IsEmbedded ? FillPage(options, Read(assembly, Prefix + "index.html")) : NoUiPage(options));
    }

    /// <summary>Whether this build has the UI.</summary>
    public bool IsEmbedded { get; }

    /// <summary>Answers with the document of all pages.</summary>
    public ValueTask<long> PageAsync(HttpContext context, string routeValue)
    {
        context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
        return SendAsync(context, _page, "no-cache");
    }

    /// <summary>Answers with a file of the folder <c>assets</c>.</summary>
    public ValueTask<long> AssetAsync(HttpContext context, string routeValue) =>
        _assets.TryGetValue("assets/" + routeValue, out Asset? asset)
            ? SendAsync(context, asset, Immutable)
            : context.ErrorAsync(404, "404 page not found");

    /// <summary>Answers with a file beside the page, such as its icon.</summary>
    public ValueTask<long> FileAsync(HttpContext context, string name) =>
        _assets.TryGetValue(name, out Asset? asset)
            ? SendAsync(context, asset, "public, max-age=3600")
            : context.ErrorAsync(404, "404 page not found");

    private static async ValueTask<long> SendAsync(HttpContext context, Asset asset, string cacheControl)
    {
        HttpResponse response = context.Response;
        response.Headers.ETag = asset.ETag;
        response.Headers.CacheControl = cacheControl;
        response.Headers.XContentTypeOptions = "nosniff";
        if (context.Request.Headers.IfNoneMatch == asset.ETag)
        {
            response.StatusCode = 304;
            return 0;
        }

        await using var output = new ResponseWriter(response, asset.IsText && context.Request.AcceptsGzip());
        response.ContentType = asset.ContentType;
        output.Raw(asset.Content);
        await output.CompleteAsync(context.RequestAborted);
        return output.BytesWritten;
    }

    private static byte[] FillPage(WebOptions options, byte[] template)
    {
        string page = Encoding.UTF8.GetString(template)
            .Replace("NARTHEX_PAGE_TITLE", WebUtility.HtmlEncode(options.PageTitle), StringComparison.Ordinal)
            .Replace("NARTHEX_LOOKBACK_DELTA", PrometheusDuration.Format(options.LookbackDelta), StringComparison.Ordinal)
            .Replace("NARTHEX_CONSOLES_LINK", WebUtility.HtmlEncode(FindConsoles(options)), StringComparison.Ordinal)
            .Replace("NARTHEX_AGENT_MODE", "false", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(page);
    }

    // The menu leads to the user's own pages where there are some.
    private static string FindConsoles(WebOptions options) =>
        File.Exists(Path.Join(options.ConsoleTemplates, "index.html")) ? options.ExternalPath + "/consoles/index.html"
        : options.UserAssets.Length > 0 && File.Exists(Path.Join(options.UserAssets, "index.html")) ? options.ExternalPath + "/user/index.html"
        : "";

    private static byte[] NoUiPage(WebOptions options) => Encoding.UTF8.GetBytes(
        $"""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <title>{WebUtility.HtmlEncode(options.PageTitle)}</title>
        <h1>{WebUtility.HtmlEncode(options.PageTitle)}</h1>
        <p>This build has no browser UI. The HTTP API under <code>api/v1</code> works without it.</p>
        </html>

        """);

    private static byte[] Read(Assembly assembly, string name)
    {
        using Stream stream = assembly.GetManifestResourceStream(name)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static string ContentType(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".html" => "text/html; charset=utf-8",
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".ico" => "image/x-icon",
        ".woff2" => "font/woff2",
        ".txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };

    private sealed class Asset(string contentType, byte[] content)
    {
        public string ContentType { get; } = contentType;

        public byte[] Content { get; } = content;

        public string ETag { get; } = "\"" + XxHash64.Hash(content).ToString("x16", CultureInfo.InvariantCulture) + "\"";

        public bool IsText => ContentType.StartsWith("text/", StringComparison.Ordinal) || ContentType is "application/json" or "image/svg+xml";
    }
}
