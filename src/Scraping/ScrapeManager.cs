using Microsoft.Extensions.Logging;
using Narthex.Configuration;
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
    /// <exception cref="ConfigurationException">A scrape failure log cannot be written. Then nothing has changed.</exception>
    public void ApplyConfig(IReadOnlyList<ScrapeConfig> configs, Labels externalLabels)
    {
        lock (_lock)
        {
            Dictionary<string, ScrapeFailureLog> logs = _failureLogs.Open(configs);
            _serverSeed = XxHash64.Hash(System.Text.Encoding.UTF8.GetBytes(_options.HostName), externalLabels.GetStableHash());
            var next = new SortedDictionary<string, ScrapePool>(_pools, StringComparer.Ordinal);
            foreach (string gone in next.Keys.Except(configs.Select(config => config.JobName)).ToArray())
            {
                next.Remove(gone, out ScrapePool? pool);
                _ending.Add(EndAsync(pool!, leaveMarkers: true));
            }

            foreach (ScrapeConfig config in configs)
            {
                Apply(next, config);
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

    /// <summary>Brings the targets up to what discovery found. Jobs without a pool are passed over.</summary>
    public void ApplyTargets(IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> targets)
    {
        lock (_lock)
        {
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

    private void Apply(SortedDictionary<string, ScrapePool> pools, ScrapeConfig config)
    {
        pools.TryGetValue(config.JobName, out ScrapePool? pool);
        try
        {
            if (pool is null)
            {
                long toleranceMs = _options.AdjustTimestamps ? (long)_options.TimestampTolerance.TotalMilliseconds : 0;
                pools.Add(config.JobName, new ScrapePool(config, _context, _options.CreateClient, _serverSeed, toleranceMs, _stopping.Token));
            }
            else if (!pool.Config.Equals(config))
            {
                pool.Reload(config);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
        {
            // A certificate or password file that cannot be read takes its own pool down, not the others; a pool that runs goes on as it was.
            if (pool is null)
            {
                _context.Metrics.PoolsFailed.Increment();
                ScrapeLog.PoolFailed(_context.Logger, config.JobName, error);
            }
            else
            {
                _context.Metrics.ReloadsFailed.Increment();
                ScrapeLog.ReloadFailed(_context.Logger, config.JobName, error);
            }
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
