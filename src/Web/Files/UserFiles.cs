using System.Globalization;
using Microsoft.AspNetCore.Http;
using Narthex.Web.Http;

namespace Narthex.Web.Files;

/// <summary><c>/user/*</c>: the files of a directory of the user's, as they are.</summary>
internal sealed class UserFiles(WebOptions options)
{
    public async ValueTask<long> HandleAsync(HttpContext context, string routeValue)
    {
        if (RequestParameters.Unescape(routeValue, plusIsSpace: false) is not { } name || name.AsSpan().Contains((byte)0))
        {
            return await context.ErrorAsync(400, "400 Bad Request");
        }

        string path = SafePath.Resolve(options.UserAssets, System.Text.Encoding.UTF8.GetString(name));
        if (Directory.Exists(path))
        {
            path = Path.Join(path, "index.html");
        }

        try
        {
            await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.Asynchronous);
            return await SendAsync(context, file, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return await context.ErrorAsync(404, "404 page not found");
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException && !context.Response.HasStarted)
        {
            return await context.ErrorAsync(403, "403 Forbidden");
        }
    }

    private static async Task<long> SendAsync(HttpContext context, FileStream file, string path)
    {
        HttpResponse response = context.Response;
        string modified = File.GetLastWriteTimeUtc(path).ToString("R", CultureInfo.InvariantCulture);
        response.Headers.LastModified = modified;
        if (context.Request.Headers.IfModifiedSince == modified)
        {
            response.StatusCode = 304;
            return 0;
        }

        response.ContentType = ContentTypes.OfFile(path);
        response.ContentLength = file.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await file.CopyToAsync(response.Body, context.RequestAborted);
        }

        return file.Length;
    }
}
