using System.Threading.Channels;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Hosting;

/// <summary>Reads and prints the configuration.</summary>
internal interface IConfigurationSource
{
    /// <exception cref="ConfigurationException">The file cannot be read or used.</exception>
    PrometheusConfig Load(string path);

    /// <summary>The configuration with all defaults, secrets masked.</summary>
    string Print(PrometheusConfig configuration);
}

/// <summary>Finds targets.</summary>
internal interface ITargetDiscovery : IAsyncDisposable
{
    /// <summary>The targets of all jobs, each time that some changed.</summary>
    ChannelReader<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> Updates { get; }

    /// <summary>Starts what is new, stops what is gone, leaves alone what stayed.</summary>
    void ApplyConfig(IReadOnlyDictionary<string, IReadOnlyList<SdConfig>> jobs);
}

/// <summary>What a server is put together from beside the rooms that need no choice. Tests put doubles here.</summary>
internal sealed record ServerParts
{
    public required IConfigurationSource Configuration { get; init; }

    public required ITargetDiscovery Discovery { get; init; }

    /// <summary>Finds Alertmanagers.</summary>
    public required ITargetDiscovery AlertmanagerDiscovery { get; init; }

    /// <summary>Makes the HTTP client of a set of Alertmanagers.</summary>
    public required Func<AlertmanagerConfig, HttpClient> CreateAlertmanagerClient { get; init; }

    /// <summary>Makes the HTTP client of a scrape pool.</summary>
    public required Func<ScrapeConfig, HttpMessageInvoker> CreateScrapeClient { get; init; }
}
