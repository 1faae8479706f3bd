using System.Net.Http;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Scrapes the targets of all scrape configurations.</summary>
/// <remarks>
/// Thread-safe. <see cref="ApplyConfig"/> and <see cref="UpdateTargets"/> work on the difference: a pool whose configuration
/// and targets stay the same is not touched at all.
/// </remarks>
public sealed class ScrapeManager : ITargetSource, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Func<HttpClientConfig, HttpMessageHandler> _createHandler;
    private readonly ScrapeShared _shared;
    private readonly WorkspacePool _workspaces;
    private readonly List<ScrapePool> _removed = [];
    private Dictionary<string, ScrapePool> _pools = new(StringComparer.Ordinal);
    private Dictionary<string, ScrapeConfig> _configs = [];
    private IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> _groups = new Dictionary<string, IReadOnlyList<TargetGroup>>();
    private ulong _offsetSeed;
    private bool _isDisposed;

    /// <summary>Makes a manager without jobs.</summary>
    /// <param name="storage">Takes the samples.</param>
    /// <param name="createHandler">Makes the HTTP handler of a pool; it should keep connections open. The pool disposes of it.</param>
    /// <param name="options">What the flags say.</param>
    /// <param name="registry">Takes the metrics.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes faults.</param>
    public ScrapeManager(
        IAppendable storage, Func<HttpClientConfig, HttpMessageHandler> createHandler, ScrapeOptions options, MetricRegistry registry, TimeProvider time, ILogger logger)
    {
        _createHandler = createHandler;
        _workspaces = new WorkspacePool(storage);
        _shared = new ScrapeShared(options, new ScrapeMetrics(registry), _workspaces, time, logger, _shutdown.Token);
    }

    /// <summary>Takes over the scrape configurations. Targets found for them before are kept; new ones come with <see cref="UpdateTargets"/>.</summary>
    /// <exception cref="AggregateException">Some pools could not be created or changed; the others are as configured.</exception>
    public void ApplyConfig(PrometheusConfig config)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _offsetSeed = XxHash64.Hash(Encoding.UTF8.GetBytes(_shared.Options.HostName), config.Global.ExternalLabels.GetStableHash());
            _configs = config.ScrapeConfigs.ToDictionary(static scrape => scrape.JobName, StringComparer.Ordinal);

            var next = new Dictionary<string, ScrapePool>(StringComparer.Ordinal);
            var faults = new List<Exception>();
            foreach ((string job, ScrapePool pool) in _pools)
            {
                if (!_configs.TryGetValue(job, out ScrapeConfig? scrape))
                {
                    pool.Dispose();
                    _removed.Add(pool);
                    continue;
                }

                next.Add(job, pool);
                if (!scrape.Equals(pool.Config))
                {
                    TryReload(pool, scrape, faults);
                }
            }

            _removed.RemoveAll(static pool => pool.Completion.IsCompleted);
            _pools = next;
            SyncNewPools(faults);
            if (faults.Count > 0)
            {
                throw new AggregateException("failed to apply the new configuration", faults);
            }
        }
    }

    /// <summary>Takes over what was found, for all jobs at once: a job without an entry has no targets.</summary>
    public void UpdateTargets(IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> groups)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> former = _groups;
            _groups = groups;
            foreach ((string job, ScrapePool pool) in _pools)
            {
                IReadOnlyList<TargetGroup> found = groups.GetValueOrDefault(job) ?? [];
                if (!former.TryGetValue(job, out IReadOnlyList<TargetGroup>? before) || !SameGroups(before, found))
                {
                    pool.Sync(found);
                }
            }

            SyncNewPools(null);
        }
    }

    /// <summary>Takes over what discovery finds until the token or the end of the updates.</summary>
    public async Task RunAsync(ChannelReader<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> updates, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>> groups in updates.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                UpdateTargets(groups);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to end.
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<ScrapePoolSnapshot> GetPools() => [.. Pools().Select(static pool => pool.Snapshot())];

    /// <inheritdoc/>
    public IReadOnlyList<TargetMetadata> GetMetadata()
    {
        var list = new List<TargetMetadata>();
        foreach (ScrapePool pool in Pools())
        {
            pool.CopyMetadata(list);
        }

        return list;
    }

    /// <summary>Refreshes the gauges that are too costly to keep up to date; called before metrics are exposed.</summary>
    public void UpdateMetrics()
    {
        foreach (ScrapePool pool in Pools())
        {
            pool.UpdateMetadataMetrics();
        }
    }

    /// <summary>Ends all scrapes at once, without staleness markers: another server, or this one, will go on.</summary>
    public async ValueTask DisposeAsync()
    {
        Task completion;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            _shutdown.Cancel();
            foreach (ScrapePool pool in _pools.Values)
            {
                pool.Dispose();
            }

            completion = Task.WhenAll(_pools.Values.Concat(_removed).Select(static pool => pool.Completion));
        }

        await completion.ConfigureAwait(false);
        _workspaces.Dispose();
        _shutdown.Dispose();
    }

    private static bool SameGroups(IReadOnlyList<TargetGroup> left, IReadOnlyList<TargetGroup> right)
    {
        // Groups are immutable: discovery hands out the same objects for what did not change.
        if (left.Count != right.Count)
        {
            return false;
        }

        for (int i = 0; i < left.Count; i++)
        {
            if (!ReferenceEquals(left[i], right[i]))
            {
                return false;
            }
        }

        return true;
    }

    private IReadOnlyList<ScrapePool> Pools()
    {
        lock (_lock)
        {
            return [.. _pools.OrderBy(static entry => entry.Key, StringComparer.Ordinal).Select(static entry => entry.Value)];
        }
    }

    // As upstream, a pool exists from the moment that discovery knows the job, if need be without targets.
    private void SyncNewPools(List<Exception>? faults)
    {
        foreach ((string job, IReadOnlyList<TargetGroup> found) in _groups)
        {
            if (_pools.ContainsKey(job) || !_configs.TryGetValue(job, out ScrapeConfig? config))
            {
                continue;
            }

            _shared.Metrics.Pools.Increment();
            try
            {
                var pool = new ScrapePool(config, _shared, _createHandler, _offsetSeed);
                _pools.Add(job, pool);
                pool.Sync(found);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                _shared.Metrics.PoolsFailed.Increment();
                ScrapeLog.PoolFailed(_shared.Logger, job, e);
                faults?.Add(e);
            }
        }
    }

    private void TryReload(ScrapePool pool, ScrapeConfig config, List<Exception> faults)
    {
        _shared.Metrics.Reloads.Increment();
        try
        {
            pool.Reload(config);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _shared.Metrics.ReloadsFailed.Increment();
            ScrapeLog.ReloadFailed(_shared.Logger, config.JobName, e);
            faults.Add(e);
        }
    }
}
