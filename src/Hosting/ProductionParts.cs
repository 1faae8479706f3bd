using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Narthex.CommandLine;
using Narthex.Configuration;
using Narthex.Discovery;
using Narthex.HttpClients;
using Narthex.HttpClients.Aws;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Hosting;

/// <summary>The real parts of a server.</summary>
internal static class ProductionParts
{
    public static ServerParts Make(ServerOptions options, MetricRegistry metrics, ILoggerFactory loggers, TimeProvider time)
    {
        var clients = new HttpClientFactory("Prometheus/" + BuildInformation.CompatibleVersion, time: time, metrics: new ConnectionMetrics(metrics));
        var discoveryMetrics = new DiscoveryMetrics(metrics);
        ILogger logger = loggers.CreateLogger("Narthex.Discovery");
        var discoverers = new DiscovererFactory(clients, discoveryMetrics, time, loggers);
        return new ServerParts
        {
            Configuration = new FileConfiguration(options, loggers.CreateLogger("Narthex.Configuration")),
            Discovery = new ManagedDiscovery(new DiscoveryManager("scrape", discoverers, discoveryMetrics, time, logger)),
            AlertmanagerDiscovery = new ManagedDiscovery(new DiscoveryManager("notify", discoverers, discoveryMetrics, time, logger)),
            CreateAlertmanagerClient = entry => clients.Named("alertmanager").Create(entry.HttpClient, sigV4: entry.SigV4 is null ? null : Convert(entry.SigV4)),

            // The scrape loop undoes compression itself, into buffers that it pools.
            CreateScrapeClient = job => clients.Named(job.JobName).CreateForScraping(job.HttpClient),
        };
    }

    private static SigV4Options Convert(SigV4Config config) => new()
    {
        Region = config.Region,
        AccessKey = config.AccessKey,
        SecretKey = config.SecretKey,
        Profile = config.Profile,
        RoleArn = config.RoleArn,
        ExternalId = config.ExternalId,
        UseFipsStsEndpoint = config.UseFipsStsEndpoint,
    };

    private sealed class ManagedDiscovery(DiscoveryManager manager) : ITargetDiscovery
    {
        public ChannelReader<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> Updates => manager.Updates;

        public void ApplyConfig(IReadOnlyDictionary<string, IReadOnlyList<SdConfig>> jobs) => manager.ApplyConfig(jobs);

        public ValueTask DisposeAsync() => manager.DisposeAsync();
    }

    private sealed class FileConfiguration(ServerOptions options, ILogger logger) : IConfigurationSource
    {
        public PrometheusConfig Load(string path) =>
            ConfigurationLoader.LoadFile(path, new ConfigurationLoadOptions
            {
                ExtraScrapeMetrics = options.Features.Contains("extra-scrape-metrics"),
                Warn = text => ServerLog.ConfigurationWarning(logger, text),
                PrefersProtobuf = StartTimestampSettings.AreRead(options),
            });

        public string Print(PrometheusConfig configuration) => ConfigPrinter.Print(configuration);
    }
}
