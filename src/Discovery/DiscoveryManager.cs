using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Narthex.Configuration;
using Narthex.Model;

namespace Narthex.Discovery;

/// <summary>Runs the service discovery of all jobs and hands out what they found, as one picture at a time.</summary>
/// <remarks>
/// Equal configurations run once, however many jobs hold them, and keep running through a reload that leaves them as they are.
/// </remarks>
public sealed class DiscoveryManager : IAsyncDisposable
{
    /// <summary>How long later changes are collected before they are handed out: targets of a rolling deployment come in flocks.</summary>
    public static readonly TimeSpan UpdateInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly string _name;
    private readonly DiscovererFactory _factory;
    private readonly DiscoveryMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> _updates;
    private readonly ITimer _timer;
    private readonly Dictionary<SdConfig, Provider> _providers = [];
    private Dictionary<string, JobDiscovery> _jobs = new(StringComparer.Ordinal);
    private bool _timerIsSet;
    private bool _isDisposed;

    /// <summary>Makes a manager without jobs.</summary>
    /// <param name="name">Tells managers apart in metrics: <c>scrape</c> or <c>notify</c>.</param>
    /// <param name="factory">Makes the discoverers.</param>
    /// <param name="metrics">Shared by all managers of a server.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Takes faults of discoverers.</param>
    public DiscoveryManager(string name, DiscovererFactory factory, DiscoveryMetrics metrics, TimeProvider time, ILogger logger)
    {
        _name = name;

        // From the start, so that nothing found is told from nothing known.
        metrics.FailedConfigs.WithLabels(name);
        metrics.ReceivedUpdates.WithLabels(name);
        metrics.UpdatesDelayed.WithLabels(name);
        metrics.Updates.WithLabels(name);
        _factory = factory;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _timer = time.CreateTimer(static state => ((DiscoveryManager)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        // Each picture is complete, so a reader that lags only needs the newest.
        _updates = Channel.CreateBounded<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>>(
            new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest },
            _ => _metrics.UpdatesDelayed.WithLabels(_name).Increment());
    }

    /// <summary>
    /// The targets of every job, each time that some changed. A job of the configuration is always there, if need be without groups.
    /// What a discoverer finds first, and a new configuration, come at once; later changes at most every <see cref="UpdateInterval"/>.
    /// </summary>
    public ChannelReader<IReadOnlyDictionary<string, IReadOnlyList<TargetGroup>>> Updates => _updates.Reader;

    /// <summary>Starts what is new, stops what is gone, leaves alone what stayed.</summary>
    public void ApplyConfig(IReadOnlyDictionary<string, IReadOnlyList<SdConfig>> jobs)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var kept = new HashSet<SdConfig>();
            var next = new Dictionary<string, JobDiscovery>(StringComparer.Ordinal);
            int failed = 0;
            foreach ((string job, IReadOnlyList<SdConfig> configs) in jobs)
            {
                var discovery = new JobDiscovery(StaticGroups.From(configs));
                foreach (SdConfig config in configs.Where(config => config is not StaticSdConfig).Distinct())
                {
                    if (_providers.TryGetValue(config, out Provider? provider) || TryStart(config, job, out provider))
                    {
                        kept.Add(config);
                        discovery.Providers.Add(provider);
                    }
                    else
                    {
                        failed++;
                    }
                }

                next.Add(job, discovery);
            }

            foreach ((SdConfig config, Provider provider) in _providers.Where(entry => !kept.Contains(entry.Key)).ToArray())
            {
                _providers.Remove(config);
                provider.Stop();
            }

            foreach (string removed in _jobs.Keys.Where(job => !next.ContainsKey(job)))
            {
                _metrics.DiscoveredTargets.Remove(_name, removed);
            }

            _jobs = next;
            _metrics.FailedConfigs.WithLabels(_name).Set(failed);
            Send();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            foreach (Provider provider in _providers.Values)
            {
                provider.Stop();
            }

            running = [.. _providers.Values.Select(provider => provider.Completion)];
            _updates.Writer.TryComplete();
        }

        await _timer.DisposeAsync();
        await Task.WhenAll(running);
    }

    private bool TryStart(SdConfig config, string job, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Provider? provider)
    {
        provider = null;
        try
        {
            IDiscoverer discoverer = _factory.Create(config, job);
            provider = new Provider(config.Kind, OnGroups, OnFault);
            _providers.Add(config, provider);
            provider.Start(discoverer);
            return true;
        }
        catch (DiscoveryException e)
        {
            DiscoveryLog.CannotStart(_logger, e.Message, config.Kind, job);
            return false;
        }
    }

    private void OnGroups(Provider provider, IReadOnlyList<TargetGroup> groups)
    {
        lock (_lock)
        {
            if (_isDisposed || provider.IsStopped)
            {
                return;
            }

            _metrics.ReceivedUpdates.WithLabels(_name).Increment();
            bool isFirst = provider.Merge(groups);
            if (isFirst)
            {
                Send();
            }
            else if (!_timerIsSet)
            {
                _timerIsSet = true;
                _timer.Change(UpdateInterval, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void OnFault(Provider provider, Exception error) => DiscoveryLog.DiscovererFailed(_logger, provider.Kind, error);

    private void OnTimer()
    {
        lock (_lock)
        {
            if (_timerIsSet && !_isDisposed)
            {
                Send();
            }
        }
    }

    private void Send()
    {
        _timerIsSet = false;
        var picture = new Dictionary<string, IReadOnlyList<TargetGroup>>(_jobs.Count, StringComparer.Ordinal);
        foreach ((string job, JobDiscovery discovery) in _jobs)
        {
            TargetGroup[] groups = [.. discovery.StaticGroups, .. discovery.Providers.SelectMany(provider => provider.Groups)];
            picture.Add(job, groups);
            _metrics.DiscoveredTargets.WithLabels(_name, job).Set(groups.Sum(group => group.Targets.Count));
        }

        if (_updates.Writer.TryWrite(picture))
        {
            _metrics.Updates.WithLabels(_name).Increment();
        }
    }

    private sealed record JobDiscovery(IReadOnlyList<TargetGroup> StaticGroups)
    {
        public List<Provider> Providers { get; } = [];
    }
}
