using System.Text;
using Microsoft.AspNetCore.Http;

namespace Narthex.Web.Http;

/// <summary>Short answers in plain text.</summary>
internal static class PlainAnswers
{
    public static async ValueTask<long> TextAsync(this HttpContext context, int statusCode, string text)
    {
        byte[] body = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = statusCode;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }

        return body.Length;
    }

    /// <summary>An error in plain text, as routes outside the API have it.</summary>
    public static ValueTask<long> ErrorAsync(this HttpContext context, int statusCode, string text)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.TextAsync(statusCode, text + "\n");
    }

    public static ValueTask<long> RedirectAsync(this HttpContext context, string location)
    {
        context.Response.StatusCode = 302;
        context.Response.Headers.Location = location;
        return ValueTask.FromResult(0L);
    }

    /// <summary>Whether the client takes gzip.</summary>
    public static bool AcceptsGzip(this HttpRequest request)
    {
        foreach (string? header in request.Headers.AcceptEncoding)
        {
            foreach (Range range in header.AsSpan().Split(','))
            {
                ReadOnlySpan<char> encoding = header.AsSpan()[range].Trim();
                if (encoding.StartsWith("gzip", StringComparison.OrdinalIgnoreCase)
                    && !encoding.EndsWith("q=0", StringComparison.Ordinal))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
