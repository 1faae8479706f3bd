using Microsoft.AspNetCore.Http;
using Narthex.Web.Api;
using Narthex.Web.Http;

namespace Narthex.Web.Management;

/// <summary>Health, readiness, reload, quit and the version.</summary>
internal sealed class ManagementEndpoints(WebServices services, WebOptions options)
{
    /// <summary>The header that tells probes a server that stops from one that starts.</summary>
    public const string StoppingHeader = "X-Prometheus-Stopping";

    public static ValueTask<long> HealthyAsync(HttpContext context, string routeValue) =>
        context.TextAsync(200, "Prometheus Server is Healthy.\n");

    public static ValueTask<long> ReadyAsync(HttpContext context, string routeValue) =>
        context.TextAsync(200, "Prometheus Server is Ready.\n");

    /// <summary>The answer of a route that is closed because the server starts or stops.</summary>
    public static ValueTask<long> UnavailableAsync(HttpContext context, ServerPhase phase)
    {
        context.Response.Headers[StoppingHeader] = phase == ServerPhase.Stopping ? "true" : "false";
        return context.TextAsync(503, "Service Unavailable");
    }

    public async ValueTask<long> ReloadAsync(HttpContext context, string routeValue)
    {
        if (IsRefused(context, out ValueTask<long> refusal))
        {
            return await refusal;
        }

        string? error = await services.Control.ReloadAsync(context.RequestAborted);
        return error is null ? await context.TextAsync(200, "") : await context.ErrorAsync(500, "failed to reload config: " + error);
    }

    public async ValueTask<long> QuitAsync(HttpContext context, string routeValue)
    {
        if (IsRefused(context, out ValueTask<long> refusal))
        {
            return await refusal;
        }

        // The answer leaves first: stopping closes connections.
        long bytes = await context.TextAsync(200, "Requesting termination... Goodbye!");
        await context.Response.CompleteAsync();
        services.Control.RequestQuit();
        return bytes;
    }

    public async ValueTask<long> VersionAsync(HttpContext context, string routeValue)
    {
        await using var output = new ResponseWriter(context.Response, mayCompress: false);
        context.Response.ContentType = "text/plain; charset=utf-8";
        StatusEndpoints.WriteBuildInfo(output, services.Status.Build);
        output.Raw("\n"u8);
        await output.CompleteAsync(context.RequestAborted);
        return output.BytesWritten;
    }

    private bool IsRefused(HttpContext context, out ValueTask<long> answer)
    {
        string method = context.Request.Method;
        if (!HttpMethods.IsPost(method) && !HttpMethods.IsPut(method))
        {
            answer = context.TextAsync(405, "Only POST or PUT requests allowed");
            return true;
        }

        answer = options.EnableLifecycle ? default : context.TextAsync(403, "Lifecycle API is not enabled.");
        return !options.EnableLifecycle;
    }
}
