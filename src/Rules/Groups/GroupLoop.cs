namespace Narthex.Rules.Groups;

/// <summary>Evaluates one group at its times, until it is stopped. Between two evaluations it is a timer, not a thread.</summary>
internal sealed class GroupLoop(RuleGroup group, CancellationToken abort) : IDisposable
{
    // The longest wait that timers can do is some weeks; looking at the clock now and then also follows its changes.
    private static readonly TimeSpan WaitMax = TimeSpan.FromHours(1);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public RuleGroup Group => group;

    public void Start() => _running = Task.Run(RunAsync, CancellationToken.None);

    /// <summary>Ends when an evaluation that is under way has ended.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    /// <summary>Releases it, once it has stopped.</summary>
    public void Dispose() => _stop.Dispose();

    /// <summary>Of a group that is gone: marks its series as stale, once two more intervals have passed without another group that writes them.</summary>
    public async Task EndSeriesAsync(CancellationToken serverStopping)
    {
        DateTimeOffset now = group.Context.Time.GetUtcNow();
        try
        {
            await Task.Delay(group.Interval * 2, group.Context.Time, serverStopping).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The next server goes on with them.
            return;
        }

        group.EndAll(now);
    }

    private async Task RunAsync()
    {
        TimeProvider time = group.Context.Time;
        try
        {
            DateTimeOffset due = await WaitForNextAsync(GroupSchedule.DueAt(time.GetUtcNow(), group.Interval, group.Key)).ConfigureAwait(false);
            while (!_stop.IsCancellationRequested)
            {
                await EvaluateAsync(due).ConfigureAwait(false);
                due = await WaitForNextAsync(due).ConfigureAwait(false);
                if (group.NeedsRestoring)
                {
                    // The evaluation before has found the alerts; this one makes them known, then they learn of their past.
                    await EvaluateAsync(due).ConfigureAwait(false);
                    group.Restore(time.GetUtcNow(), abort);
                    due = await WaitForNextAsync(due).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    /// <summary>Waits for the next evaluation and returns its time. Those that could not begin, as the last one took too long, are counted.</summary>
    private async Task<DateTimeOffset> WaitForNextAsync(DateTimeOffset last)
    {
        TimeProvider time = group.Context.Time;
        DateTimeOffset now = time.GetUtcNow();
        while (last + group.Interval - now is { Ticks: > 0 } rest)
        {
            // Never longer than the interval: if the clock is set back meanwhile, rules must not be silent until it gets here again.
            TimeSpan wait = rest < group.Interval ? rest : group.Interval;
            await Task.Delay(wait < WaitMax ? wait : WaitMax, time, _stop.Token).ConfigureAwait(false);
            now = time.GetUtcNow();
            if (now < last)
            {
                return GroupSchedule.DueAt(now, group.Interval, group.Key);
            }
        }

        _stop.Token.ThrowIfCancellationRequested();
        int missed = GroupSchedule.CountMissed(last, now, group.Interval);
        if (missed > 0)
        {
            group.Metrics?.Missed.Increment(missed);
            group.Metrics?.Iterations.Increment(missed);
        }

        return last + ((missed + 1) * group.Interval);
    }

    private async Task EvaluateAsync(DateTimeOffset due)
    {
        group.Metrics?.Iterations.Increment();
        try
        {
            await group.EvaluateAsync(due, abort).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            throw;
        }
#pragma warning disable CA1031 // A fault in one evaluation must not silence a group of alerts for ever.
        catch (Exception error)
#pragma warning restore CA1031
        {
            RuleLog.GroupCrashed(group.Context.Logger, group.File, group.Name, error);
        }
    }
}
