using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Narthex.Hosting;

/// <summary>Puts a server into any .NET host.</summary>
public static class NarthexHosting
{
    /// <summary>Starts a server with the host and stops it with the host. The host gets at it as <see cref="NarthexService.Server"/>.</summary>
    public static IServiceCollection AddNarthex(this IServiceCollection services, ServerOptions options)
    {
        services.AddSingleton(provider => new NarthexService(
            options,
            provider.GetRequiredService<ILoggerFactory>(),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetRequiredService<IHostApplicationLifetime>()));
        return services.AddHostedService(provider => provider.GetRequiredService<NarthexService>());
    }
}

/// <summary>A server as a service of a host.</summary>
public sealed class NarthexService : IHostedService, IAsyncDisposable
{
    private readonly ServerOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly TimeProvider _time;
    private readonly IHostApplicationLifetime _lifetime;
    private NarthexServer? _server;

    internal NarthexService(ServerOptions options, ILoggerFactory loggers, TimeProvider time, IHostApplicationLifetime lifetime)
    {
        _options = options;
        _loggers = loggers;
        _time = time;
        _lifetime = lifetime;
    }

    /// <summary>The running server.</summary>
    /// <exception cref="InvalidOperationException">The host has not started yet.</exception>
    public NarthexServer Server => _server ?? throw new InvalidOperationException("The host has not started the server yet.");

    /// <inheritdoc/>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _server = await NarthexServer.StartAsync(_options, _loggers, _time, cancellationToken);

        // A server that was asked to quit, or that cannot go on, takes its host with it.
        _ = _server.Completion.ContinueWith(_ => _lifetime.StopApplication(), TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _server?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
