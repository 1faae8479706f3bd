using System.Diagnostics;
using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Scrapes one target, again and again, until it is stopped.</summary>
internal sealed class ScrapeLoop : IDisposable
{
    private readonly ScrapeContext _context;
    private readonly ulong _serverSeed;
    private readonly ScrapeClient _client;
    private readonly SeriesCache _cache = new();
    private readonly TargetMetadataCache _metadata;
    private readonly ScrapeIngester _ingester;
    private readonly ReportSeries _report;
    private readonly CancellationTokenSource _stop = new();
    private volatile ScrapeSettings _settings;
    private volatile Target _target;
    private volatile ScrapeOutcome _outcome = ScrapeOutcome.None;
    private ScrapeSettings _resolvedUnder;
    private Task _running = Task.CompletedTask;
    private long _lastBeganMs;

    public ScrapeLoop(Target target, ScrapeSettings settings, ScrapeContext context, ulong serverSeed)
    {
        _target = target;
        _settings = _resolvedUnder = settings;
        _context = context;
        _serverSeed = serverSeed;
        _client = new ScrapeClient(new Uri(target.Url), context.UserAgent);
        _metadata = new TargetMetadataCache(context.Metadata);
        _ingester = new ScrapeIngester(_cache, _metadata, new SeriesResolver());
        _report = new ReportSeries(target.Labels);
    }

    public Target Target => _target;

    /// <summary>How the last scrape went.</summary>
    public ScrapeOutcome Outcome => _outcome;

    /// <summary>What the target says about its families.</summary>
    public IReadOnlyList<FamilyMetadata> Metadata => _metadata.Families;

    /// <summary>Starts scraping.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Takes new settings from the next scrape on. The target is the same, but discovery may know more about it.</summary>
    public void Update(Target target, ScrapeSettings settings)
    {
        _target = target;
        _settings = settings;
    }

    /// <summary>Stops for good.</summary>
    /// <param name="leaveMarkers">
    /// The target is gone: its series get staleness markers, once two more intervals have passed without anyone else writing to them.
    /// At shutdown they get none, since the next start goes on with them.
    /// </param>
    /// <param name="serverStopping">Cuts the waiting for the markers short.</param>
    public async Task StopAsync(bool leaveMarkers, CancellationToken serverStopping)
    {
        await _stop.CancelAsync();
        await _running;
        if (!leaveMarkers)
        {
            return;
        }

        try
        {
            TimeSpan interval = _target.Interval;
            await Task.Delay(interval, _context.Time, serverStopping);
            long staleMs = NowMs();
            await Task.Delay(interval + (interval / 10), _context.Time, serverStopping);
            AppendEndOfRun(staleMs);
        }
        catch (OperationCanceledException)
        {
            // The server stops: the series stay open for its next start.
        }
    }

    /// <summary>Releases the loop once <see cref="StopAsync"/> has ended.</summary>
    public void Dispose() => _stop.Dispose();

    private async Task RunAsync()
    {
        try
        {
            CancellationToken stopping = _stop.Token;
            long intervalMs = (long)_target.Interval.TotalMilliseconds;
            long plannedMs = ScrapeSchedule.First(NowMs(), intervalMs, _target.Hash, _serverSeed);
            while (true)
            {
                long waitMs = plannedMs - NowMs();
                if (waitMs > 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(waitMs), _context.Time, stopping);
                }

                stopping.ThrowIfCancellationRequested();
                await ScrapeOnceAsync(plannedMs, intervalMs, stopping);
                plannedMs = ScrapeSchedule.Next(plannedMs, NowMs(), intervalMs);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private async Task ScrapeOnceAsync(long plannedMs, long intervalMs, CancellationToken stopping)
    {
        ScrapeSettings settings = _settings;
        Target target = _target;
        long beganMs = NowMs();
        ObserveInterval(target, beganMs);
        long began = _context.Time.GetTimestamp();
        ScrapeBody? body = null;
        ScrapeException? failure = null;
        try
        {
            body = settings.Refusal is null
                ? await _client.ScrapeAsync(settings, target.Timeout, _context.Time, stopping)
                : throw new ScrapeException(settings.Refusal);
        }
        catch (ScrapeException error)
        {
            failure = error;
        }

        using (body)
        {
            long timestampMs = ScrapeSchedule.Timestamp(plannedMs, beganMs, intervalMs, settings.ToleranceMs);
            TimeSpan duration = _context.Time.GetElapsedTime(began);
            failure = Store(settings, target, body, failure, timestampMs, duration);
            _outcome = new ScrapeOutcome(DateTimeOffset.FromUnixTimeMilliseconds(beganMs), duration, failure?.Message ?? "");
        }
    }

    private void ObserveInterval(Target target, long beganMs)
    {
        if (_lastBeganMs != 0)
        {
            _context.Metrics.IntervalLength.WithLabels(GoDuration.Format(target.Interval)).Observe((beganMs - _lastBeganMs) / 1000.0);
        }

        _lastBeganMs = beganMs;
    }

    // Stores what came, or why nothing did. Returns the failure, be it the given one or a new one.
    private ScrapeException? Store(
        ScrapeSettings settings, Target target, ScrapeBody? body, ScrapeException? failure, long timestampMs, TimeSpan duration)
    {
        IAppender appender = _context.Appenders.Rent();
        try
        {
            ScrapeCounts counts = default;
            if (body is not null)
            {
                failure = TryIngest(settings, target, body, timestampMs, appender);
                counts = _ingester.Counts;
            }

            if (failure is not null)
            {
                _context.Metrics.Count(failure.Kind);
                ScrapeLog.ScrapeFailed(_context.Logger, settings.Config.JobName, target.Url, failure.Message);
                appender.Rollback();
                _ingester.MarkAllStale(settings.Config.TrackTimestampsStaleness, timestampMs, appender);
            }

            long bodyBytes = failure?.Kind == ScrapeFailure.BodySizeLimit ? -1 : body?.Length ?? 0;
            var report = new ReportSeries.Values(
                failure is null, duration.TotalSeconds, counts, target.Timeout.TotalSeconds, settings.Config.Limits.Samples, bodyBytes);
            _report.Append(appender, timestampMs, report, settings.Config.ExtraScrapeMetrics);
            if (Commit(appender, target) && failure is null && body is not null)
            {
                // Storage had dropped series that this target exposes: the second reading looks them up. What is stored already is taken silently.
                TryIngest(settings, target, body, timestampMs, appender);
                _report.Append(appender, timestampMs, report, settings.Config.ExtraScrapeMetrics);
                Commit(appender, target);
            }

            return failure;
        }
        catch (StorageException error)
        {
            ScrapeLog.CommitFailed(_context.Logger, settings.Config.JobName, target.Url, error);
            return new ScrapeException(error.Message);
        }
        finally
        {
            _context.Appenders.Return(appender);
        }
    }

    private ScrapeException? TryIngest(ScrapeSettings settings, Target target, ScrapeBody body, long timestampMs, IAppender appender)
    {
        if (!ReferenceEquals(settings, _resolvedUnder))
        {
            if (!settings.ResolvesLike(_resolvedUnder))
            {
                _cache.ForgetIdentities();
            }

            _resolvedUnder = settings;
        }

        ExpositionFormat format = ContentTypes.Select(body.ContentType, settings.Config.FallbackScrapeProtocol?.ToExposition(), out string? problem);
        if (format == ExpositionFormat.Unknown || format == ExpositionFormat.Protobuf)
        {
            return new ScrapeException(problem ?? "the protobuf format is not available yet");
        }

        if (problem is not null)
        {
            ScrapeLog.ContentTypeProblem(_context.Logger, settings.Config.JobName, target.Url, problem);
        }

        try
        {
            _ingester.Ingest(settings, target.Labels, format, body.Span, timestampMs, appender);
            return null;
        }
        catch (ScrapeException error)
        {
            return error;
        }
        catch (ExpositionException error)
        {
            return new ScrapeException(error.Message);
        }
    }

    // Returns whether series were dropped by storage and have been forgotten here.
    private bool Commit(IAppender appender, Target target)
    {
        var rejected = new List<RejectedSample>(0);
        CommitResult result = appender.Commit(rejected);
        if (result.ExemplarsRejected > 0)
        {
            _context.Metrics.ExemplarsOutOfOrder.Increment(result.ExemplarsRejected);
        }

        if (rejected.Count == 0)
        {
            return false;
        }

        int duplicates = rejected.Count(row => row.Error == AppendError.DuplicateTimestamp);
        int outOfOrder = rejected.Count(row => row.Error == AppendError.OutOfOrder);
        int outOfBounds = rejected.Count(row => row.Error is AppendError.OutOfBounds or AppendError.TooOld);
        _context.Metrics.DuplicateTimestamps.Increment(duplicates);
        _context.Metrics.OutOfOrder.Increment(outOfOrder);
        _context.Metrics.OutOfBounds.Increment(outOfBounds);
        if (duplicates + outOfOrder + outOfBounds > 0)
        {
            ScrapeLog.SamplesRefused(_context.Logger, target.Url, duplicates, outOfOrder, outOfBounds);
        }

        HashSet<SeriesRef> dropped = [.. rejected.Where(row => row.Error == AppendError.UnknownSeries).Select(row => row.Series)];
        if (dropped.Count > 0)
        {
            _cache.Forget(dropped);
            _report.Forget();
        }

        return dropped.Count > 0;
    }

    private void AppendEndOfRun(long timestampMs)
    {
        IAppender appender = _context.Appenders.Rent();
        try
        {
            _ingester.MarkAllStale(_settings.Config.TrackTimestampsStaleness, timestampMs, appender);
            _report.AppendStale(appender, timestampMs);

            // Whoever scrapes these series now has written newer samples: the markers are refused then, and rightly so.
            appender.Commit();
        }
        catch (StorageException error)
        {
            ScrapeLog.CommitFailed(_context.Logger, _settings.Config.JobName, _target.Url, error);
        }
        finally
        {
            _context.Appenders.Return(appender);
        }
    }

    private long NowMs() => _context.Time.GetUtcNow().ToUnixTimeMilliseconds();
}

/// <summary>How a scrape went.</summary>
/// <param name="Began">When it began; null if there was none.</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Error">Why it failed, empty if it did not.</param>
internal sealed record ScrapeOutcome(DateTimeOffset? Began, TimeSpan Duration, string Error)
{
    /// <summary>There was no scrape yet.</summary>
    public static ScrapeOutcome None { get; } = new(null, default, "");
}
