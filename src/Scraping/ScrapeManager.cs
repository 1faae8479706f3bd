using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>What a scrape manager needs beside the configuration.</summary>
public sealed record ScrapeManagerOptions
{
    /// <summary>Makes the HTTP client of a pool. The manager disposes it.</summary>
    public required Func<ScrapeConfig, HttpMessageInvoker> CreateClient { get; init; }

    /// <summary>The header <c>User-Agent</c>.</summary>
    public string UserAgent { get; init; } = "Prometheus";

    /// <summary>Whether timestamps are moved onto the grid of the interval when they are close to it.</summary>
    public bool AdjustTimestamps { get; init; } = true;

    /// <summary>How close is close.</summary>
    public TimeSpan TimestampTolerance { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Whether series get the labels <c>__type__</c> and <c>__unit__</c>.</summary>
    public bool EnableTypeAndUnitLabels { get; init; }

    /// <summary>Tells servers apart that scrape the same targets. Empty: the host's name.</summary>
    public string HostName { get; init; } = Environment.MachineName;
}

/// <summary>Runs the scrape pools. Configurations and targets come in from outside; samples go to storage.</summary>
public sealed class ScrapeManager : ITargetSource, IAsyncDisposable
{
    private readonly ScrapeManagerOptions _options;
    private readonly ScrapeContext _context;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private readonly List<Task> _ending = [];
    private readonly FailureLogs _failureLogs;

    // Configurations that there could be no pool for, with the reason.
    private readonly Dictionary<string, (ScrapeConfig Config, string Reason)> _failed = new(StringComparer.Ordinal);
    private volatile SortedDictionary<string, ScrapePool> _pools = new(StringComparer.Ordinal);
    private ulong _serverSeed;

    /// <summary>Makes a manager without pools.</summary>
    public ScrapeManager(IAppendable storage, ScrapeManagerOptions options, MetricRegistry registry, TimeProvider time, ILogger<ScrapeManager> logger)
    {
        _options = options;
        _context = new ScrapeContext(new AppenderPool(storage), new ScrapeMetrics(registry), new MetadataPool(), time, logger, options.UserAgent)
        {
            AddTypeAndUnitLabels = options.EnableTypeAndUnitLabels,
        };
        _failureLogs = new FailureLogs(time);
        Follow(registry, "prometheus_target_metadata_cache_entries", "Metric families with metadata in a scrape pool.", metadata => metadata.Families);
        Follow(registry, "prometheus_target_metadata_cache_bytes", "Bytes of the texts of that metadata.", metadata => metadata.Bytes);
    }

    /// <summary>Goes over to a configuration: unchanged pools go on undisturbed, changed ones keep the targets that stay the same.</summary>
    /// <param name="configs">All scrape configurations, those of files that the configuration names included.</param>
    /// <param name="externalLabels">Part of the server's identity.</param>
    /// <exception cref="ConfigurationException">A scrape failure log cannot be written, or a pool that runs cannot go over to its new settings. Then nothing has changed.</exception>
    public void ApplyConfig(IReadOnlyList<ScrapeConfig> configs, Labels externalLabels)
    {
        lock (_lock)
        {
            Dictionary<string, HttpMessageInvoker> clients = MakeClients(configs);
            Dictionary<string, ScrapeFailureLog> logs = OpenFailureLogs(configs, clients);
            _serverSeed = XxHash64.Hash(System.Text.Encoding.UTF8.GetBytes(_options.HostName), externalLabels.GetStableHash());
            var next = new SortedDictionary<string, ScrapePool>(_pools, StringComparer.Ordinal);
            foreach (string gone in next.Keys.Except(configs.Select(config => config.JobName)).ToArray())
            {
                next.Remove(gone, out ScrapePool? pool);
                _ending.Add(EndAsync(pool!, leaveMarkers: true));
            }

            _failed.Clear();
            foreach (ScrapeConfig config in configs)
            {
                Apply(next, config, clients);
                if (next.TryGetValue(config.JobName, out ScrapePool? pool))
                {
                    pool.FailureLog = logs.GetValueOrDefault(config.ScrapeFailureLogFile);
                }
            }

            _failureLogs.Take(logs);

            _ending.RemoveAll(task => task.IsCompleted);
            _pools = next;
        }
    }

    /// <summary>Brings the targets up to what discovery found. Jobs without a pool are passed over, if there still cannot be one.</summary>
    public void ApplyTargets(IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> targets)
    {
        lock (_lock)
        {
            TryFailedAgain();
            foreach ((string job, IReadOnlyList<TargetGroup> groups) in targets)
            {
                if (_pools.TryGetValue(job, out ScrapePool? pool))
                {
                    pool.Synchronise(groups);
                }
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<ScrapePoolSnapshot> GetPools() => [.. _pools.Values.Select(pool => pool.GetSnapshot())];

    /// <inheritdoc/>
    public IReadOnlyList<RelabelConfig>? GetRelabelConfigs(string pool) =>
        _pools.TryGetValue(pool, out ScrapePool? found) ? found.Config.RelabelConfigs : null;

    /// <inheritdoc/>
    public IReadOnlyList<TargetMetadata> GetMetadata() => [.. _pools.Values.SelectMany(pool => pool.GetMetadata())];

    /// <summary>Stops all scrapes, those under way included. Series stay open: the next start goes on with them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        Task[] ending;
        lock (_lock)
        {
            ending = [.. _ending, .. _pools.Values.Select(pool => EndAsync(pool, leaveMarkers: false))];
            _pools = new SortedDictionary<string, ScrapePool>(StringComparer.Ordinal);
        }

        await Task.WhenAll(ending);
        _failureLogs.Dispose();
        _context.Appenders.Dispose();
    }

    private void Apply(SortedDictionary<string, ScrapePool> pools, ScrapeConfig config, Dictionary<string, HttpMessageInvoker> clients)
    {
        if (pools.TryGetValue(config.JobName, out ScrapePool? pool))
        {
            if (!pool.Config.Equals(config))
            {
                pool.Reload(config, clients.GetValueOrDefault(config.JobName));
            }

            return;
        }

        try
        {
            long toleranceMs = _options.AdjustTimestamps ? (long)_options.TimestampTolerance.TotalMilliseconds : 0;
            pools.Add(config.JobName, new ScrapePool(config, _context, _options.CreateClient, _serverSeed, toleranceMs, _stopping.Token));
        }
        catch (HttpClientConfigException error)
        {
            // A certificate that cannot be read takes its own pool down, not the others.
            _context.Metrics.PoolsFailed.Increment();
            if (!_failed.TryGetValue(config.JobName, out (ScrapeConfig Config, string Reason) before) || before.Reason != error.Message)
            {
                ScrapeLog.PoolFailed(_context.Logger, config.JobName, "error creating HTTP client: " + error.Message);
            }

            _failed[config.JobName] = (config, error.Message);
        }
    }

    // The file may be there by now.
    private void TryFailedAgain()
    {
        if (_failed.Count == 0)
        {
            return;
        }

        var next = new SortedDictionary<string, ScrapePool>(_pools, StringComparer.Ordinal);
        foreach ((string job, (ScrapeConfig config, _)) in _failed.ToArray())
        {
            Apply(next, config, []);
            if (next.TryGetValue(job, out ScrapePool? pool))
            {
                _failed.Remove(job);
                pool.FailureLog = _failureLogs.Find(config);
            }
        }

        _pools = next;
    }

    // A pool that runs must not lose its targets to a reload: its new client is made before anything changes.
    private Dictionary<string, HttpMessageInvoker> MakeClients(IReadOnlyList<ScrapeConfig> configs)
    {
        var clients = new Dictionary<string, HttpMessageInvoker>(StringComparer.Ordinal);
        foreach (ScrapeConfig config in configs)
        {
            if (!_pools.TryGetValue(config.JobName, out ScrapePool? pool) || pool.Config.HttpClient.Equals(config.HttpClient))
            {
                continue;
            }

            try
            {
                clients.Add(config.JobName, _options.CreateClient(config));
            }
            catch (HttpClientConfigException error)
            {
                Dispose(clients);
                _context.Metrics.ReloadsFailed.Increment();
                ScrapeLog.ReloadFailed(_context.Logger, config.JobName, "error creating HTTP client: " + error.Message);
                throw new ConfigurationException($"error reloading scrape pool {config.JobName}: error creating HTTP client: {error.Message}", error);
            }
        }

        return clients;
    }

    private Dictionary<string, ScrapeFailureLog> OpenFailureLogs(IReadOnlyList<ScrapeConfig> configs, Dictionary<string, HttpMessageInvoker> clients)
    {
        try
        {
            return _failureLogs.Open(configs);
        }
        catch (ConfigurationException)
        {
            Dispose(clients);
            throw;
        }
    }

    private static void Dispose(Dictionary<string, HttpMessageInvoker> clients)
    {
        foreach (HttpMessageInvoker client in clients.Values)
        {
            client.Dispose();
        }
    }

    // Gauges that follow the pools: they are read when they are asked for.
    private void Follow(MetricRegistry registry, string name, string help, Func<(long Families, long Bytes), long> read) =>
        registry.AddCollector(new FamilyDescription(name, help, InstrumentKind.Gauge, ["scrape_job"]), sink =>
        {
            foreach ((string job, ScrapePool pool) in _pools)
            {
                sink.Value([job], read(pool.MeasureMetadata()));
            }
        });

    private static async Task EndAsync(ScrapePool pool, bool leaveMarkers)
    {
        await pool.StopAsync(leaveMarkers);
        pool.Dispose();
    }
}
