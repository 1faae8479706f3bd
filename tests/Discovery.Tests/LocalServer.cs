using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Narthex.Discovery.Tests;

/// <summary>An HTTP server of one test, on loopback or on a Unix socket.</summary>
internal static class LocalServer
{
    public static Task<WebApplication> StartAsync(RequestDelegate answer) => StartAsync(kestrel => kestrel.Listen(IPAddress.Loopback, 0), answer);

    public static Task<WebApplication> StartAsync(string socketPath, RequestDelegate answer) =>
        StartAsync(kestrel => kestrel.ListenUnixSocket(socketPath), answer);

    private static async Task<WebApplication> StartAsync(Action<KestrelServerOptions> listen, RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(listen);
        WebApplication app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }
}
