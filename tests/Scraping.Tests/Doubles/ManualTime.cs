namespace Narthex.Scraping.Tests;

/// <summary>A clock that only moves when told to, and fires what is due on its way.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<ManualTimer> _timers = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves on without looking at timers in between more than once.</summary>
    public void Advance(TimeSpan span)
    {
        DateTimeOffset end = GetUtcNow() + span;
        while (true)
        {
            ManualTimer? due;
            lock (_lock)
            {
                due = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
                if (due is null)
                {
                    _now = end;
                    return;
                }

                _now = due.Due!.Value > _now ? due.Due.Value : _now;
                _timers.Remove(due);
            }

            due.Fire();
        }
    }

    /// <summary>Waits until a timer is set that satisfies the condition on its remaining time, and fires it by moving on to it.</summary>
    public async Task FireAsync(Func<TimeSpan, bool> condition)
    {
        TimeSpan remaining = await WaitForTimerAsync(condition);
        Advance(remaining);
    }

    public async Task<TimeSpan> WaitForTimerAsync(Func<TimeSpan, bool> condition)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                foreach (ManualTimer timer in _timers)
                {
                    if (condition(timer.Due!.Value - _now))
                    {
                        return timer.Due.Value - _now;
                    }
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(TimeSpan.FromSeconds(20), System);
        }
    }

    private sealed class ManualTimer(ManualTime time, Action fire) : ITimer
    {
        public DateTimeOffset? Due { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            TaskCompletionSource changed;
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._now + dueTime;
                    time._timers.Add(this);
                }

                changed = time._changed;
                time._changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            changed.SetResult();
            return true;
        }

        public void Dispose()
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
