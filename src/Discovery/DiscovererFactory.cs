using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Discovery.Files;
using Narthex.Discovery.Http;
using Narthex.HttpClients;

namespace Narthex.Discovery;

/// <summary>A service discovery configuration that cannot run.</summary>
public sealed class DiscoveryException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Makes the discoverer for a configuration. The one place that knows all mechanisms.</summary>
public sealed class DiscovererFactory(HttpClientFactory httpClients, DiscoveryMetrics metrics, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>Makes a discoverer; <see cref="IDiscoverer.RunAsync"/> starts it.</summary>
    /// <exception cref="DiscoveryException">The mechanism is not available, or its settings cannot be used.</exception>
    public IDiscoverer Create(SdConfig config)
    {
        try
        {
            return config switch
            {
                FileSdConfig file => new FileDiscoverer(file, metrics, time, loggers.CreateLogger<FileDiscoverer>()),
                HttpSdConfig http => new HttpDiscoverer(http, httpClients, metrics, time, loggers.CreateLogger<HttpDiscoverer>()),
                _ => throw new DiscoveryException($"{config.Kind}_sd_configs is not available yet"),
            };
        }
        catch (HttpClientConfigException e)
        {
            throw new DiscoveryException(e.Message, e);
        }
    }
}
