using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Narthex.Web.Http;

namespace Narthex.Web;

/// <summary>The HTTP side of a server: the API, management, the UI. Listens from its start, whatever state the storage is in.</summary>
public sealed class WebServer : IAsyncDisposable
{
    // As much as upstream's HTTP library takes: long queries come as GET, too.
    private const int HeaderBytesMax = 1024 * 1024;

    private readonly WebApplication _application;

    private WebServer(WebApplication application, IReadOnlyList<Uri> addresses)
    {
        _application = application;
        Addresses = addresses;
    }

    /// <summary>Where it listens, with the ports that were really taken.</summary>
    public IReadOnlyList<Uri> Addresses { get; }

    /// <summary>Starts to listen and to answer.</summary>
    /// <exception cref="WebListenException">An address cannot be used.</exception>
    public static async Task<WebServer> StartAsync(
        WebOptions options, WebServices services, ILoggerFactory loggerFactory, TimeProvider time, CancellationToken cancellationToken)
    {
        var pipeline = new RequestPipeline(options, services, loggerFactory.CreateLogger("Narthex.Web"), time);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<ILoggerFactory>(new WarningsOnlyLoggerFactory(loggerFactory));

        // Signals belong to whoever hosts this server.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.UseKestrelCore();
        IReadOnlyList<ListenAddress> addresses = [.. options.ListenAddresses.Select(ListenAddress.Parse)];
        builder.Services.Configure<SocketTransportOptions>(Configure);
        var connections = new ListenerMetrics(services.Metrics);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options, addresses, connections));
        WebApplication application = builder.Build();
        application.Run(pipeline.HandleAsync);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            await application.DisposeAsync();
            string reason = e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException ? "bind: address already in use" : e.Message;
            throw new WebListenException($"listen tcp {string.Join(",", options.ListenAddresses)}: {reason}", e);
        }

        ICollection<string> bound = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        return new WebServer(application, [.. bound.Select(address => new Uri(address))]);
    }

    /// <summary>Stops listening and lets running requests end, for as long as the token allows.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _application.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _application.DisposeAsync();

    // Each hand-over to another thread costs more than answering a small request does. What takes long leaves the connection's thread by itself.
    private static void Configure(SocketTransportOptions transport)
    {
        transport.UnsafePreferInlineScheduling = true;
        transport.IOQueueCount = 0;
    }

    private static void Configure(KestrelServerOptions kestrel, WebOptions options, IReadOnlyList<ListenAddress> addresses, ListenerMetrics connections)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        kestrel.Limits.KeepAliveTimeout = options.ReadTimeout;
        kestrel.Limits.RequestHeadersTimeout = options.ReadTimeout;
        kestrel.Limits.MaxRequestBufferSize = HeaderBytesMax;
        kestrel.Limits.MaxRequestLineSize = HeaderBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        kestrel.ConfigureEndpointDefaults(listener =>
        {
            listener.Use(connections.Around);
            if (options.AnswerOnEventThreads)
            {
                listener.Use(EventThreads.Around);
            }
        });
        foreach (ListenAddress address in addresses)
        {
            if (address.Address is { } ip)
            {
                kestrel.Listen(new IPEndPoint(ip, address.Port));
            }
            else
            {
                kestrel.ListenAnyIP(address.Port);
            }
        }
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>An address cannot be listened on.</summary>
public sealed class WebListenException(string message, Exception? innerException = null) : Exception(message, innerException);
