using System.Net.Http;
using Narthex.Configuration;
using Narthex.HttpClients;
using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>The targets of one scrape configuration. Its manager calls it one at a time; pictures for the API are read from any thread.</summary>
internal sealed class ScrapePool : IDisposable
{
    private readonly ScrapeShared _shared;
    private readonly Func<HttpClientConfig, HttpMessageHandler> _createHandler;
    private readonly Dictionary<Labels, ScrapeLoop> _active = [];
    private readonly List<ScrapeLoop> _ending = [];
    private readonly ulong _offsetSeed;
    private HttpMessageInvoker _client;
    private ScrapeSettings _settings;
    private IReadOnlyList<TargetGroup> _groups = [];
    private volatile Picture _picture = new([], [], 0);

    public ScrapePool(ScrapeConfig config, ScrapeShared shared, Func<HttpClientConfig, HttpMessageHandler> createHandler, ulong offsetSeed)
    {
        _shared = shared;
        _createHandler = createHandler;
        _offsetSeed = offsetSeed;
        _client = new HttpMessageInvoker(createHandler(config.HttpClient));
        _settings = new ScrapeSettings(config, shared.Options, _client);
        shared.Metrics.AddPool(config.JobName);
        shared.Metrics.TargetLimit.WithLabels(config.JobName).Set(config.Limits.Targets);
    }

    public ScrapeConfig Config => _settings.Config;

    private string Name => Config.JobName;

    /// <summary>Takes over another configuration. Loops whose target stays the same go on, with their memory and their place in the grid.</summary>
    public void Reload(ScrapeConfig config)
    {
        if (config.Equals(Config))
        {
            return;
        }

        long start = _shared.Time.GetTimestamp();
        HttpMessageInvoker? former = null;
        if (!config.HttpClient.Equals(Config.HttpClient))
        {
            former = _client;
            _client = new HttpMessageInvoker(_createHandler(config.HttpClient));
        }

        _settings = new ScrapeSettings(config, _shared.Options, _client);
        foreach (ScrapeLoop loop in _active.Values)
        {
            loop.Apply(_settings);
        }

        _shared.Metrics.TargetLimit.WithLabels(config.JobName).Set(config.Limits.Targets);
        Sync(_groups);
        if (former is not null)
        {
            // A scrape may still be using it, for its timeout at most.
            _ = DisposeLaterAsync(former);
        }

        _shared.Metrics.ReloadLength.WithLabels(GoDuration.Format(config.ScrapeInterval)).Observe(_shared.Time.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Takes over what was discovered: loops of targets that stay go on, others start and end.</summary>
    public void Sync(IReadOnlyList<TargetGroup> groups)
    {
        long start = _shared.Time.GetTimestamp();
        _groups = groups;
        TargetSet set = TargetBuilder.Build(Config, groups);
        foreach ((Labels discovered, string problem) in set.Problems)
        {
            _shared.Metrics.SyncsFailed.WithLabels(Name).Increment();
            ScrapeLog.TargetFailed(_shared.Logger, Name, discovered.ToString(), problem);
        }

        _ending.RemoveAll(static loop => loop.Completion.IsCompleted);
        var wanted = new HashSet<Labels>(set.Targets.Select(static target => target.Identity));
        foreach ((Labels identity, ScrapeLoop loop) in _active.Where(entry => !wanted.Contains(entry.Key)).ToArray())
        {
            _active.Remove(identity);
            _ending.Add(loop);
            loop.Stop();
        }

        var started = new List<ScrapeLoop>();
        foreach (Target target in set.Targets)
        {
            if (_active.TryGetValue(target.Identity, out ScrapeLoop? loop) && loop.Target.Url == target.Url)
            {
                loop.Target.DiscoveredLabels = target.DiscoveredLabels;
                continue;
            }

            loop?.Abandon();
            loop = new ScrapeLoop(target, Name, _settings, _shared, loop ?? TakeEnding(target.PublicLabels));
            _active[target.Identity] = loop;
            started.Add(loop);
        }

        CheckTargetLimit();
        foreach (ScrapeLoop loop in started)
        {
            loop.Start(_offsetSeed);
        }

        Publish(set);
        _shared.Metrics.PoolTargets.WithLabels(Name).Set(_active.Count);
        _shared.Metrics.Syncs.WithLabels(Name).Increment();
        _shared.Metrics.SyncLength.WithLabels(Name).Observe(_shared.Time.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Ends all loops; those of a removed job write their staleness markers in their time.</summary>
    public void Dispose()
    {
        foreach (ScrapeLoop loop in _active.Values)
        {
            loop.Stop();
            _ending.Add(loop);
        }

        _active.Clear();
        _picture = new Picture([], [], 0);
        _shared.Metrics.RemovePool(Name);
        HttpMessageInvoker client = _client;
        _ = Completion.ContinueWith(_ => client.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Ends when all loops have ended.</summary>
    public Task Completion => Task.WhenAll(_ending.Select(static loop => loop.Completion).Concat(_active.Values.Select(static loop => loop.Completion)));

    public ScrapePoolSnapshot Snapshot()
    {
        Picture picture = _picture;
        string name = Name;
        return new ScrapePoolSnapshot(
            name,
            [.. picture.Loops.Select(loop => loop.Target.Snapshot(name, _shared.Options))],
            [.. picture.Dropped.Select(labels => new DroppedTarget(name, labels))],
            picture.DroppedCount);
    }

    public void CopyMetadata(List<TargetMetadata> list)
    {
        foreach (ScrapeLoop loop in _picture.Loops)
        {
            loop.Metadata.CopyTo(loop.Target.PublicLabels, list);
        }
    }

    /// <summary>Refreshes the gauges of the metadata kept.</summary>
    public void UpdateMetadataMetrics()
    {
        long bytes = 0;
        int entries = 0;
        foreach (ScrapeLoop loop in _picture.Loops)
        {
            bytes += loop.Metadata.SizeBytes;
            entries += loop.Metadata.Count;
        }

        _shared.Metrics.MetadataBytes.WithLabels(Name).Set(bytes);
        _shared.Metrics.MetadataEntries.WithLabels(Name).Set(entries);
    }

    // A target whose labels are those of one that is ending is its successor: the series go on without markers in between.
    private ScrapeLoop? TakeEnding(Labels publicLabels)
    {
        int index = _ending.FindIndex(loop => loop.Target.PublicLabels == publicLabels);
        if (index < 0)
        {
            return null;
        }

        ScrapeLoop loop = _ending[index];
        _ending.RemoveAt(index);
        loop.Abandon();
        return loop;
    }

    private void CheckTargetLimit()
    {
        long limit = Config.Limits.Targets;
        bool exceeded = limit > 0 && _active.Count > limit;
        if (exceeded)
        {
            _shared.Metrics.TargetLimitExceeded.Increment();
        }

        foreach (ScrapeLoop loop in _active.Values)
        {
            loop.ForceError(exceeded ? $"target_limit exceeded (number of targets: {_active.Count}, limit: {limit})" : null);
        }
    }

    private void Publish(TargetSet set)
    {
        long keep = Config.Limits.KeepDroppedTargets;
        IEnumerable<Labels> dropped = keep > 0 ? set.Dropped.Take((int)Math.Min(keep, int.MaxValue)) : set.Dropped;
        _picture = new Picture([.. set.Targets.Select(target => _active[target.Identity])], [.. dropped], set.Dropped.Count);
    }

    private async Task DisposeLaterAsync(HttpMessageInvoker client)
    {
        try
        {
            await Task.Delay(TimeSpan.FromMinutes(5), _shared.Time, _shared.Shutdown).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The server ends.
        }

        client.Dispose();
    }

    private sealed record Picture(ScrapeLoop[] Loops, Labels[] Dropped, int DroppedCount);
}
