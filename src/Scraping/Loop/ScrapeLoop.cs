using Narthex.Model;

namespace Narthex.Scraping;

/// <summary>Scrapes one target, again and again, until it is stopped.</summary>
/// <remarks>Between two scrapes a loop is a timer and what <see cref="TargetMemory"/> holds: ten thousand of them need no threads.</remarks>
internal sealed class ScrapeLoop : IDisposable
{
    // A timer counts by a clock of its own; looking at the wall clock now and then keeps long waits true, and no timer lasts longer than weeks.
    private static readonly TimeSpan WaitMax = TimeSpan.FromHours(1);

    private readonly ScrapeContext _context;
    private readonly ulong _serverSeed;
    private readonly ScrapeClient _client;
    private readonly ScrapeStore _store;
    private readonly Func<Task<TargetMemory?>>? _predecessor;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _handOver = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TargetMemory _memory;
    private volatile ScrapeSettings _settings;
    private volatile Target _target;
    private volatile ScrapeOutcome _outcome = ScrapeOutcome.None;
    private Task _running = Task.CompletedTask;
    private Task _ended = Task.CompletedTask;
    private bool _hasEndMarkers;
    private long _lastBeganMs;

    /// <param name="target">What to scrape.</param>
    /// <param name="settings">How.</param>
    /// <param name="context">What all loops share.</param>
    /// <param name="serverSeed">The server's part in the schedule.</param>
    /// <param name="predecessor">Asks the loop that had these labels before for what it remembers; see <see cref="HandOverAsync"/>.</param>
    public ScrapeLoop(Target target, ScrapeSettings settings, ScrapeContext context, ulong serverSeed, Func<Task<TargetMemory?>>? predecessor = null)
    {
        _target = target;
        _settings = settings;
        _context = context;
        _serverSeed = serverSeed;
        _predecessor = predecessor;
        _client = new ScrapeClient(target.Url, context.UserAgent, target.UnixSocket);
        _store = new ScrapeStore(context);
        _memory = new TargetMemory(target, context);
    }

    public Target Target => _target;

    /// <summary>How the last scrape went.</summary>
    public ScrapeOutcome Outcome => _outcome;

    /// <summary>What the target says about its families.</summary>
    public IReadOnlyList<FamilyMetadata> Metadata => _memory.Metadata.Families;

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
    public Task StopAsync(bool leaveMarkers, CancellationToken serverStopping) => _ended = EndAsync(leaveMarkers, serverStopping);

    /// <summary>Of a loop that is stopping: gives away what it remembers, or null if it has ended its series already.</summary>
    public async Task<TargetMemory?> HandOverAsync()
    {
        _handOver.TrySetResult();
        await _ended;
        return _hasEndMarkers ? null : _memory;
    }

    /// <summary>Releases the loop once <see cref="StopAsync"/> has ended.</summary>
    public void Dispose() => _stop.Dispose();

    private async Task EndAsync(bool leaveMarkers, CancellationToken serverStopping)
    {
        await _stop.CancelAsync();
        await _running;
        if (!leaveMarkers)
        {
            return;
        }

        TimeSpan interval = _target.Interval;
        if (!await TryWaitAsync(interval, serverStopping))
        {
            return;
        }

        long staleMs = NowMs();
        if (await TryWaitAsync(interval + (interval / 10), serverStopping))
        {
            _hasEndMarkers = true;
            _store.StoreEnd(_memory, _settings, _target, staleMs);
        }
    }

    // False if a successor takes over, or if the server stops: the series stay open for its next start.
    private async Task<bool> TryWaitAsync(TimeSpan duration, CancellationToken serverStopping)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(serverStopping);
        Task handOver = _handOver.Task;
        for (TimeSpan left = duration; left > TimeSpan.Zero; left -= WaitMax)
        {
            Task delay = Task.Delay(left < WaitMax ? left : WaitMax, _context.Time, waiting.Token);
            if (await Task.WhenAny(delay, handOver) == handOver || delay.IsCanceled)
            {
                await waiting.CancelAsync();
                return false;
            }
        }

        return true;
    }

    private async Task RunAsync()
    {
        try
        {
            if (_predecessor is not null && await _predecessor() is { } memory)
            {
                _memory = memory;
            }

            CancellationToken stopping = _stop.Token;
            long intervalMs = (long)_target.Interval.TotalMilliseconds;
            long plannedMs = FirstScrape(intervalMs);
            while (true)
            {
                plannedMs = await WaitAsync(plannedMs, intervalMs, stopping);
                await ScrapeAsync(plannedMs, intervalMs, stopping);
                plannedMs = ScrapeSchedule.Next(plannedMs, NowMs(), intervalMs);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private long FirstScrape(long intervalMs) => ScrapeSchedule.First(NowMs(), intervalMs, _target.Hash, _serverSeed);

    // Returns the time that is due, which is another one if the clock was set back meanwhile.
    private async Task<long> WaitAsync(long plannedMs, long intervalMs, CancellationToken stopping)
    {
        long waitMs;
        while ((waitMs = plannedMs - NowMs()) > 0)
        {
            if (waitMs > intervalMs)
            {
                plannedMs = FirstScrape(intervalMs);
                continue;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(waitMs, WaitMax.TotalMilliseconds)), _context.Time, stopping);
        }

        stopping.ThrowIfCancellationRequested();
        return plannedMs;
    }

    private async Task ScrapeAsync(long plannedMs, long intervalMs, CancellationToken stopping)
    {
        ScrapeSettings settings = EnterSettings(stopping);
        long beganMs = NowMs();
        try
        {
            await ScrapeAsync(settings, _target, plannedMs, beganMs, intervalMs, stopping);
        }
        catch (Exception error) when (!stopping.IsCancellationRequested)
        {
            // A fault of ours must not end the monitoring of this target: it shows at the target, and the next scrape is tried.
            ScrapeLog.ScrapeCrashed(_context.Logger, settings.Config.JobName, _target.Url, error);
            _outcome = new ScrapeOutcome(DateTimeOffset.FromUnixTimeMilliseconds(beganMs), default, error.Message);
        }
        finally
        {
            settings.Client.Leave();
        }
    }

    private async Task ScrapeAsync(ScrapeSettings settings, Target target, long plannedMs, long beganMs, long intervalMs, CancellationToken stopping)
    {
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
            settings.FailureLog()?.Write(settings.Config.JobName, target.Url, error.Message);
        }

        using (body)
        {
            long timestampMs = ScrapeSchedule.Timestamp(plannedMs, beganMs, intervalMs, settings.ToleranceMs);
            TimeSpan duration = _context.Time.GetElapsedTime(began);
            failure = _store.Store(_memory, settings, target, body, failure, timestampMs, duration);
            _outcome = new ScrapeOutcome(DateTimeOffset.FromUnixTimeMilliseconds(beganMs), duration, failure?.Message ?? "");
            _context.Metrics.ScrapeDuration.Observe(_context.Time.GetElapsedTime(began).TotalSeconds);
        }
    }

    // A client is retired only after all loops have their new settings, or have been stopped.
    private ScrapeSettings EnterSettings(CancellationToken stopping)
    {
        while (true)
        {
            stopping.ThrowIfCancellationRequested();
            ScrapeSettings settings = _settings;
            if (settings.Client.TryEnter())
            {
                return settings;
            }
        }
    }

    private void ObserveInterval(Target target, long beganMs)
    {
        if (_lastBeganMs != 0)
        {
            string interval = GoDuration.Format(target.Interval);
            double seconds = (beganMs - _lastBeganMs) / 1000.0;
            _context.Metrics.IntervalLength.WithLabels(interval).Observe(seconds);
            _context.Metrics.IntervalLengthHistogram.WithLabels(interval).Observe(seconds);
        }

        _lastBeganMs = beganMs;
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
