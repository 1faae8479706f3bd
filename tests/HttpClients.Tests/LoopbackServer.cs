using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Narthex.HttpClients.Tests;

/// <summary>A web server on loopback that answers as the test says.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app, ConcurrentQueue<string?> serverNames)
    {
        ServerNames = serverNames;
        _app = app;
        string address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        bool isTcp = !address.Contains("unix:", StringComparison.Ordinal);
        Port = isTcp ? new Uri(address).Port : 0;
        Url = isTcp ? $"{new Uri(address).Scheme}://127.0.0.1:{Port}" : address;
    }

    public string Url { get; }

    public int Port { get; }

    /// <summary>The names that clients gave in their handshakes.</summary>
    public ConcurrentQueue<string?> ServerNames { get; }

    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer, X509Certificate2? certificate = null, bool wantsClientCertificate = false, string? socketPath = null)
    {
        var serverNames = new ConcurrentQueue<string?>();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => Listen(kestrel, socketPath, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(https =>
                {
                    https.ServerCertificateSelector = (_, name) =>
                    {
                        serverNames.Enqueue(name);
                        return certificate;
                    };
                    https.ClientCertificateMode = wantsClientCertificate ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate;
                    https.ClientCertificateValidation = (_, _, _) => true;
                });
            }
        }));
        WebApplication app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new LoopbackServer(app, serverNames);
    }

    private static void Listen(KestrelServerOptions kestrel, string? socketPath, Action<ListenOptions> configure)
    {
        if (socketPath is null)
        {
            kestrel.Listen(IPAddress.Loopback, 0, configure);
        }
        else
        {
            kestrel.ListenUnixSocket(socketPath, configure);
        }
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
