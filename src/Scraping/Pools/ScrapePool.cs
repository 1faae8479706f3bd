using Narthex.Configuration;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>The targets of one scrape configuration and their loops. Changes come one at a time; pictures may be taken at any time.</summary>
internal sealed class ScrapePool : IDisposable
{
    private readonly ScrapeContext _context;
    private readonly ulong _serverSeed;
    private readonly long _toleranceMs;
    private readonly CancellationToken _serverStopping;
    private readonly Dictionary<Target, ScrapeLoop> _loops = [];
    private readonly List<(ScrapeLoop Loop, Task Ended)> _ending = [];
    private volatile State _state;
    private volatile ScrapeFailureLog? _failureLog;
    private ScrapeSettings _settings;
    private IReadOnlyList<TargetGroup> _groups = [];

    public ScrapePool(
        ScrapeConfig config, ScrapeContext context, Func<ScrapeConfig, HttpMessageInvoker> createClient, ulong serverSeed, long toleranceMs, CancellationToken serverStopping)
    {
        _context = context;
        _serverSeed = serverSeed;
        _toleranceMs = toleranceMs;
        _serverStopping = serverStopping;
        _settings = MakeSettings(config, new SharedClient(createClient(config)), refusal: null);
        _state = new State([], [], 0);
        context.Metrics.Pools.Increment();
        context.Metrics.PoolTargetLimit.WithLabels(config.JobName).Set(config.Limits.Targets);
        context.Metrics.PoolSymbols.WithLabels(config.JobName);
    }

    /// <summary>Where failures of its scrapes are noted beside the server's log; null if nowhere.</summary>
    public ScrapeFailureLog? FailureLog
    {
        get => _failureLog;
        set => _failureLog = value;
    }

    public ScrapeConfig Config => _settings.Config;

    /// <summary>Goes over to a changed configuration. Targets that stay the same keep their loops, caches and staleness.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="client">The client for it, which is the pool's from here on; null if the one that it has will do.</param>
    public void Reload(ScrapeConfig config, HttpMessageInvoker? client)
    {
        long began = _context.Time.GetTimestamp();
        ScrapeSettings former = _settings;
        _settings = MakeSettings(config, client is null ? former.Client : new SharedClient(client), former.Refusal);
        _context.Metrics.Reloads.Increment();
        _context.Metrics.PoolTargetLimit.WithLabels(config.JobName).Set(config.Limits.Targets);
        Synchronise(_groups);
        if (client is not null)
        {
            former.Client.Leave();
        }

        _context.Metrics.ReloadLength.WithLabels(GoDuration.Format(config.ScrapeInterval)).Observe(_context.Time.GetElapsedTime(began).TotalSeconds);
    }

    /// <summary>Brings the targets up to what discovery found.</summary>
    public void Synchronise(IReadOnlyList<TargetGroup> groups)
    {
        long began = _context.Time.GetTimestamp();
        _groups = groups;
        var wanted = new Dictionary<Target, Target>();
        var dropped = new List<DroppedTarget>();
        int droppedCount = 0;
        int failed = 0;
        foreach (TargetFactory.Outcome outcome in groups.SelectMany(group => TargetFactory.Create(Config, group)))
        {
            if (outcome.Target is { } target)
            {
                wanted[target] = target; // Of equal ones, the last one shows where they were found.
            }
            else if (outcome.Error is { } error)
            {
                failed++;
                ScrapeLog.TargetFailed(_context.Logger, Config.JobName, $"{outcome.Place}: {error}");
            }
            else if (++droppedCount <= Config.Limits.KeepDroppedTargets || Config.Limits.KeepDroppedTargets == 0)
            {
                dropped.Add(new DroppedTarget(Config.JobName, outcome.DiscoveredLabels));
            }
        }

        ApplyTargetLimit(wanted.Count);
        StopVanished(wanted);
        StartNew(wanted);
        _state = new State([.. _loops.Values], dropped, droppedCount);
        Observe(failed, began);
    }

    public ScrapePoolSnapshot GetSnapshot()
    {
        State state = _state;
        List<TargetSnapshot> active = [.. state.Loops.Select(Picture)];
        active.Sort((left, right) => left.Labels.CompareTo(right.Labels));
        return new ScrapePoolSnapshot(Config.JobName, active, state.Dropped, state.DroppedCount);
    }

    public IEnumerable<TargetMetadata> GetMetadata() => _state.Loops.SelectMany(loop =>
        loop.Metadata.Select(family => new TargetMetadata(loop.Target.Labels, family.Family, family.Metadata)));

    /// <summary>Ends all loops. With <paramref name="leaveMarkers"/> it ends once the staleness markers are written.</summary>
    public async Task StopAsync(bool leaveMarkers)
    {
        Task[] loops = [.. _loops.Values.Select(loop => EndAsync(loop, leaveMarkers)), .. _ending.Select(ending => ending.Ended)];
        _loops.Clear();

        // At once: by the time the markers are written another pool may go by this name.
        _context.Metrics.RemovePool(Config.JobName);
        _state = new State([], [], 0);
        await Task.WhenAll(loops);
    }

    public void Dispose()
    {
        _settings.Client.Leave();
    }

    private async Task EndAsync(ScrapeLoop loop, bool leaveMarkers)
    {
        await loop.StopAsync(leaveMarkers, _serverStopping);
        loop.Dispose();
    }

    private ScrapeSettings MakeSettings(ScrapeConfig config, SharedClient client, string? refusal) => new()
    {
        Config = config,
        Client = client,
        Accept = ScrapeProtocols.AcceptHeader(config.ScrapeProtocols, config.MetricNameEscapingScheme),
        ToleranceMs = _toleranceMs,
        Refusal = refusal,
        SchemaMax = HistogramResolution.OfBucketFactor(config.NativeHistogramMinBucketFactor),
        FailureLog = () => _failureLog,
        AddTypeAndUnitLabels = _context.AddTypeAndUnitLabels,
    };

    private void ApplyTargetLimit(int count)
    {
        long limit = Config.Limits.Targets;
        string? refusal = limit > 0 && count > limit ? $"target_limit exceeded (number of targets: {count}, limit: {limit})" : null;
        if (refusal is not null)
        {
            _context.Metrics.TargetLimitExceeded.Increment();
        }

        if (refusal != _settings.Refusal)
        {
            _settings = MakeSettings(Config, _settings.Client, refusal);
        }
    }

    private void StopVanished(Dictionary<Target, Target> wanted)
    {
        _ending.RemoveAll(ending => ending.Ended.IsCompleted);
        foreach (Target gone in _loops.Keys.Where(target => !wanted.ContainsKey(target)).ToArray())
        {
            _loops.Remove(gone, out ScrapeLoop? loop);
            _ending.Add((loop!, EndAsync(loop!, leaveMarkers: true)));
        }
    }

    private void StartNew(Dictionary<Target, Target> wanted)
    {
        Dictionary<Labels, ScrapeLoop> predecessors = [];
        foreach ((ScrapeLoop loop, _) in _ending)
        {
            predecessors[loop.Target.Labels] = loop;
        }

        foreach (Target target in wanted.Values)
        {
            if (_loops.TryGetValue(target, out ScrapeLoop? loop))
            {
                loop.Update(target, _settings);
            }
            else
            {
                predecessors.Remove(target.Labels, out ScrapeLoop? predecessor);
                loop = new ScrapeLoop(target, _settings, _context, _serverSeed, predecessor is null ? null : predecessor.HandOverAsync);
                _loops.Add(target, loop);
                loop.Start();
            }
        }
    }

    private void Observe(int failed, long began)
    {
        ScrapeMetrics metrics = _context.Metrics;
        string job = Config.JobName;
        metrics.PoolSyncs.WithLabels(job).Increment();
        metrics.SyncFailures.WithLabels(job).Increment(failed);
        metrics.PoolTargets.WithLabels(job).Set(_loops.Count);
        double seconds = _context.Time.GetElapsedTime(began).TotalSeconds;
        metrics.SyncLength.WithLabels(job).Observe(seconds);
        metrics.SyncLengthHistogram.WithLabels(job).Observe(seconds);
    }

    /// <summary>Metric families with metadata, over all targets, and the bytes of their texts.</summary>
    public (long Families, long Bytes) MeasureMetadata()
    {
        long families = 0;
        long bytes = 0;
        foreach (FamilyMetadata family in _state.Loops.SelectMany(loop => loop.Metadata))
        {
            families++;
            bytes += family.Family.Length + family.Metadata.Help.Length + family.Metadata.Unit.Length;
        }

        return (families, bytes);
    }

    private TargetSnapshot Picture(ScrapeLoop loop)
    {
        Target target = loop.Target;
        ScrapeOutcome outcome = loop.Outcome;
        return new TargetSnapshot
        {
            ScrapePool = Config.JobName,
            DiscoveredLabels = target.DiscoveredLabels,
            Labels = target.Labels,
            ScrapeUrl = target.Url,
            GlobalUrl = GlobalUrl.Of(target.Url),
            LastError = outcome.Error,
            LastScrape = outcome.Began,
            LastScrapeDuration = outcome.Duration,
            Health = outcome.Began is null ? TargetHealth.Unknown : outcome.Error.Length == 0 ? TargetHealth.Up : TargetHealth.Down,
            ScrapeInterval = target.Interval,
            ScrapeTimeout = target.Timeout,
            ScrapeIntervalText = target.IntervalText,
            ScrapeTimeoutText = target.TimeoutText,
        };
    }

    private sealed record State(IReadOnlyList<ScrapeLoop> Loops, IReadOnlyList<DroppedTarget> Dropped, int DroppedCount);
}
