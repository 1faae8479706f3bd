using Narthex.Exposition;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.Scraping;

/// <summary>Scrapes one target again and again, on the grid of its interval.</summary>
/// <remarks>
/// No thread belongs to a loop: between scrapes it is a timer. What it remembers (series, metadata, report series) is touched by
/// one scrape at a time. A loop that takes the place of another for the same series waits for its end and takes over its memory.
/// </remarks>
internal sealed class ScrapeLoop
{
    private readonly ScrapeShared _shared;
    private readonly string _pool;
    private readonly CancellationTokenSource _stop;
    private readonly TaskCompletionSource _takenOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ScrapeLoop? _predecessor;
    private volatile ScrapeSettings _settings;
    private volatile string? _forcedError;
    private volatile bool _abandonsSeries;
    private SeriesCache _series = new();
    private MetadataCache _metadata = new();
    private ScrapeReport _report = new();
    private ScrapeSettings? _seriesSettings;
    private Task _running = Task.CompletedTask;
    private long _lastScrapeAt;
    private int _bodyHint;
    private bool _scraped;

    public ScrapeLoop(Target target, string pool, ScrapeSettings settings, ScrapeShared shared, ScrapeLoop? predecessor)
    {
        Target = target;
        _pool = pool;
        _settings = settings;
        _shared = shared;
        _predecessor = predecessor;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(shared.Shutdown);
    }

    public Target Target { get; }

    /// <summary>The metadata of the target's families.</summary>
    public MetadataCache Metadata => _metadata;

    /// <summary>Ends when the loop has ended, its staleness markers included.</summary>
    public Task Completion => _running;

    /// <summary>Makes every scrape fail with this error; null lets them go again.</summary>
    public void ForceError(string? error) => _forcedError = error;

    /// <summary>Takes effect with the next scrape.</summary>
    public void Apply(ScrapeSettings settings) => _settings = settings;

    /// <summary>Begins. The seed is this server's.</summary>
    public void Start(ulong offsetSeed) => _running = Task.Run(() => RunAsync(offsetSeed));

    /// <summary>Ends the scrapes. Staleness markers follow when two more scrapes would have been due, unless <see cref="Abandon"/> is called until then.</summary>
    public void Stop()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The loop has ended by itself.
        }
    }

    /// <summary>Another loop takes over: no staleness markers.</summary>
    public void Abandon()
    {
        _abandonsSeries = true;
        Stop();
        _takenOver.TrySetResult();
    }

    private async Task RunAsync(ulong offsetSeed)
    {
        try
        {
            try
            {
                if (_predecessor is not null)
                {
                    await TakeOverAsync(_predecessor).ConfigureAwait(false);
                    _predecessor = null;
                }

                await ScrapeOnGridAsync(offsetSeed).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                // Stopped: the ordinary end.
            }

            await MarkEndAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_shared.Shutdown.IsCancellationRequested)
        {
            // The server ends: the series are not stale, only unobserved.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            ScrapeLog.LoopFailed(_shared.Logger, _pool, Target.Url.AbsoluteUri, e);
        }
        finally
        {
            _stop.Dispose();
        }
    }

    private async Task TakeOverAsync(ScrapeLoop former)
    {
        await former.Completion.ConfigureAwait(false);
        _series = former._series;
        _metadata = former._metadata;
        _report = former._report;
        _seriesSettings = former._seriesSettings;
        _bodyHint = former._bodyHint;
        _scraped = former._scraped;
        _lastScrapeAt = former._lastScrapeAt;
    }

    private async Task ScrapeOnGridAsync(ulong offsetSeed)
    {
        TimeProvider time = _shared.Time;
        TimeSpan interval = Target.Interval;
        await DelayAsync(FirstDelay(time.GetUtcNow(), interval, Target.Offset(offsetSeed)), _stop.Token).ConfigureAwait(false);

        long start = time.GetTimestamp();
        DateTimeOffset aligned = time.GetUtcNow();
        for (long tick = 0; ;)
        {
            _stop.Token.ThrowIfCancellationRequested();
            DateTimeOffset now = time.GetUtcNow();
            if (_shared.Options.AdjustTimestamps)
            {
                aligned += TimeSpan.FromTicks(Math.Max(0, (now - aligned).Ticks / interval.Ticks) * interval.Ticks);
                TimeSpan tolerance = TimeSpan.FromTicks(Math.Min(interval.Ticks / 100, ScrapeOptions.TimestampTolerance.Ticks));
                now = (now - aligned).Duration() <= tolerance ? aligned : now;
            }

            await ScrapeOnceAsync(now).ConfigureAwait(false);

            // A scrape that took longer than the interval skips what it missed.
            TimeSpan elapsed = time.GetElapsedTime(start);
            tick = Math.Max(tick + 1, (elapsed.Ticks / interval.Ticks) + (elapsed.Ticks % interval.Ticks == 0 ? 0 : 1));
            await DelayAsync((interval * tick) - elapsed, _stop.Token).ConfigureAwait(false);
        }
    }

    /// <summary>The time until the target's place in the grid, which is tied to the clock and not to the start of the server.</summary>
    internal static TimeSpan FirstDelay(DateTimeOffset now, TimeSpan interval, TimeSpan offset)
    {
        long untilGrid = interval.Ticks - ((now - DateTimeOffset.UnixEpoch).Ticks % interval.Ticks);
        long next = untilGrid + offset.Ticks;
        return TimeSpan.FromTicks(next > interval.Ticks ? next - interval.Ticks : next);
    }

    // Timers count whole milliseconds and cut off the rest: one too late is within the tolerance, one too early is another grid point.
    private Task DelayAsync(TimeSpan delay, CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(delay.TotalMilliseconds))), _shared.Time, cancellationToken);

    private async Task MarkEndAsync()
    {
        _shared.Shutdown.ThrowIfCancellationRequested();
        if (!_scraped || _abandonsSeries)
        {
            return;
        }

        // The marker lies where the next scrape would have been, and is written when the target could have come back and have been
        // scraped elsewhere: its samples are then newer, and the marker is refused.
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_shared.Shutdown);
        _ = _takenOver.Task.ContinueWith(_ => ended.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        DateTimeOffset staleTime;
        try
        {
            TimeSpan sinceScrape = _shared.Time.GetElapsedTime(_lastScrapeAt);
            await DelayAsync(Target.Interval - sinceScrape, ended.Token).ConfigureAwait(false);
            staleTime = _shared.Time.GetUtcNow();
            await DelayAsync(Target.Interval * 1.1, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_abandonsSeries)
        {
            return;
        }

        if (!_abandonsSeries)
        {
            WriteEndMarkers(staleTime.ToUnixTimeMilliseconds());
        }
    }

    private void WriteEndMarkers(long timestampMs)
    {
        ScrapeWorkspace workspace = _shared.Workspaces.Rent();
        try
        {
            _series.Begin();
            AppendVanished(workspace, success: false, timestampMs);
            _report.SetStale();
            _report.Append(workspace.Appender, Target.PublicLabels, timestampMs, _settings.ExtraMetrics);

            // Refused markers are those of series that live on elsewhere.
            workspace.Appender.Commit();
        }
        catch (StorageException e)
        {
            ScrapeLog.CommitFailed(_shared.Logger, _pool, Target.Url.AbsoluteUri, e.Message);
        }
        finally
        {
            _shared.Workspaces.Return(workspace);
        }
    }

    internal async Task ScrapeOnceAsync(DateTimeOffset scrapeTime)
    {
        ScrapeSettings settings = _settings;
        TimeProvider time = _shared.Time;
        long startedAt = time.GetTimestamp();
        if (_scraped)
        {
            _shared.Metrics.IntervalLength.WithLabels(GoDuration.Format(Target.Interval)).Observe(time.GetElapsedTime(_lastScrapeAt, startedAt).TotalSeconds);
        }

        _lastScrapeAt = startedAt;
        _scraped = true;
        ScrapeBody body = default;
        string? error = _forcedError;
        if (error is null)
        {
            using var timeout = new CancellationTokenSource(Target.Timeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _shared.Shutdown);
            try
            {
                body = await TargetFetcher.FetchAsync(Target, settings, _shared.Options, _bodyHint, either.Token).ConfigureAwait(false);
            }
            catch (ScrapeException e)
            {
                _shared.Shutdown.ThrowIfCancellationRequested();
                error = e.Message;
            }
            catch (BodySizeLimitException e)
            {
                _shared.Metrics.BodySizeLimitExceeded.Increment();
                error = e.Message;
            }
        }

        try
        {
            // A little of slack, so that a body that grows slowly still fits.
            _bodyHint = body.Length + (body.Length / 16);
            Store(body, settings, scrapeTime, startedAt, error);
        }
        finally
        {
            body.Return();
        }
    }

    private void Store(ScrapeBody body, ScrapeSettings settings, DateTimeOffset scrapeTime, long startedAt, string? error)
    {
        if (_seriesSettings is not null && !settings.KeepsSeriesOf(_seriesSettings))
        {
            _series.Invalidate();
        }

        _seriesSettings = settings;
        long timestampMs = scrapeTime.ToUnixTimeMilliseconds();
        var context = new ScrapeContext(settings, Target.PublicLabels, _series, _metadata, timestampMs, _shared.Options.AppendExemplars);
        ScrapeWorkspace workspace = _shared.Workspaces.Rent();
        var counts = default(ScrapeCounts);
        try
        {
            error ??= TryIngest(body, context, workspace, ref counts);
            if (error is not null)
            {
                // Nothing of a failed scrape is kept; its series end here.
                workspace.Appender.Rollback();
                workspace.RowSlots.Clear();
                ScrapeLog.ScrapeFailed(_shared.Logger, _pool, Target.Url.AbsoluteUri, error);
            }

            AppendVanished(workspace, success: error is null, timestampMs);
            TimeSpan duration = _shared.Time.GetElapsedTime(startedAt);
            _report.Set(error is null, duration, counts, Target, settings, body.Length);
            _report.Append(workspace.Appender, Target.PublicLabels, timestampMs, settings.ExtraMetrics);
            workspace.Appender.Commit(workspace.Rejected);
            HandleRejected(body, context, workspace, counts);
        }
        catch (StorageException e)
        {
            ScrapeLog.CommitFailed(_shared.Logger, _pool, Target.Url.AbsoluteUri, e.Message);
            error ??= e.Message;
        }
        finally
        {
            _shared.Workspaces.Return(workspace);
        }

        Target.Report(scrapeTime, _shared.Time.GetElapsedTime(startedAt), error);
    }

    private string? TryIngest(ScrapeBody body, in ScrapeContext context, ScrapeWorkspace workspace, ref ScrapeCounts counts)
    {
        ExpositionFormat format = ContentTypes.Select(body.ContentType, context.Settings.Fallback, out string? problem);
        if (problem is not null && format != ExpositionFormat.Unknown)
        {
            ScrapeLog.ContentType(_shared.Logger, _pool, Target.Url.AbsoluteUri, problem);
        }

        if (format is ExpositionFormat.Unknown or ExpositionFormat.Protobuf)
        {
            return problem ?? $"received unsupported Content-Type {GoQuote.Quote(body.ContentType ?? "")}";
        }

        try
        {
            _metadata.Begin();
            Ingest(format, body, context, workspace, refusedOnly: false, ref counts);
            _metadata.End();
            return null;
        }
        catch (SampleLimitException e)
        {
            _shared.Metrics.SampleLimitExceeded.Increment();
            return e.Message;
        }
        catch (LabelLimitException e)
        {
            _shared.Metrics.LabelLimitsExceeded.Increment();
            return e.Message;
        }
        catch (Exception e) when (e is ExpositionException or ScrapeException or StorageException)
        {
            return e.Message;
        }
    }

    private static void Ingest(
        ExpositionFormat format, ScrapeBody body, in ScrapeContext context, ScrapeWorkspace workspace, bool refusedOnly, ref ScrapeCounts counts)
    {
        if (format == ExpositionFormat.OpenMetrics)
        {
            var parser = new OpenMetricsParser(body.Span);
            ScrapeIngester.Ingest(ref parser, context, workspace, refusedOnly, ref counts);
        }
        else
        {
            var parser = new PrometheusTextParser(body.Span);
            ScrapeIngester.Ingest(ref parser, context, workspace, refusedOnly, ref counts);
        }
    }

    private void AppendVanished(ScrapeWorkspace workspace, bool success, long timestampMs)
    {
        _series.End(success, workspace.Vanished);
        foreach (SeriesRef series in workspace.Vanished)
        {
            workspace.Appender.Append(series, timestampMs, StaleNaN.Value);
        }
    }

    private void HandleRejected(ScrapeBody body, in ScrapeContext context, ScrapeWorkspace workspace, in ScrapeCounts counts)
    {
        int outOfOrder = 0;
        int duplicates = counts.Duplicates;
        int outOfBounds = counts.OutOfBounds;
        bool seriesCollected = false;
        bool reportCollected = false;
        foreach (RejectedSample rejected in workspace.Rejected)
        {
            bool isReport = rejected.Row >= workspace.RowSlots.Count;
            switch (rejected.Error)
            {
                case AppendError.UnknownSeries when isReport:
                    reportCollected = true;
                    break;
                case AppendError.UnknownSeries:
                    _series.Refuse(workspace.RowSlots[rejected.Row]);
                    seriesCollected = true;
                    break;
                case AppendError.OutOfOrder when !isReport:
                    outOfOrder++;
                    break;
                case AppendError.DuplicateTimestamp when !isReport:
                    duplicates++;
                    break;
                case AppendError.OutOfBounds or AppendError.TooOld when !isReport:
                    outOfBounds++;
                    break;
            }
        }

        Count(outOfOrder, duplicates, outOfBounds);
        if (reportCollected)
        {
            _report.Forget();
            workspace.Appender.Rollback();
            _report.Append(workspace.Appender, Target.PublicLabels, context.TimestampMs, context.Settings.ExtraMetrics);
            workspace.Appender.Commit();
        }

        if (seriesCollected)
        {
            AppendAgain(body, context, workspace);
        }
    }

    private void Count(int outOfOrder, int duplicates, int outOfBounds)
    {
        if (outOfOrder > 0)
        {
            _shared.Metrics.OutOfOrder.Increment(outOfOrder);
            ScrapeLog.OutOfOrder(_shared.Logger, _pool, Target.Url.AbsoluteUri, outOfOrder);
        }

        if (duplicates > 0)
        {
            _shared.Metrics.DuplicateTimestamp.Increment(duplicates);
            ScrapeLog.DuplicateTimestamp(_shared.Logger, _pool, Target.Url.AbsoluteUri, duplicates);
        }

        if (outOfBounds > 0)
        {
            _shared.Metrics.OutOfBounds.Increment(outOfBounds);
            ScrapeLog.OutOfBounds(_shared.Logger, _pool, Target.Url.AbsoluteUri, outOfBounds);
        }
    }

    // Series that the storage had collected get their samples of this scrape after all: the body is still there.
    private void AppendAgain(ScrapeBody body, in ScrapeContext context, ScrapeWorkspace workspace)
    {
        workspace.Reset();
        ExpositionFormat format = ContentTypes.Select(body.ContentType, context.Settings.Fallback, out _);
        var counts = default(ScrapeCounts);
        Ingest(format, body, context, workspace, refusedOnly: true, ref counts);
        _series.End(success: true, workspace.Vanished);
        workspace.Vanished.Clear();
        workspace.Appender.Commit();
    }
}
