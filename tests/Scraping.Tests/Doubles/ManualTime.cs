namespace Narthex.Scraping.Tests;

/// <summary>A clock that only goes when it is told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    public static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000);

    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];
    private readonly List<(Func<bool> Condition, TaskCompletionSource Reached)> _waiters = [];
    private TimeSpan _elapsed;
    private TimeSpan _setBack;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public long NowMs => GetUtcNow().ToUnixTimeMilliseconds();

    public int TimerCount
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => Start + _elapsed - _setBack;

    public override long GetTimestamp() => _elapsed.Ticks;

    /// <summary>Sets the wall clock back; timers go on as if nothing were.</summary>
    public void SetBack(TimeSpan by) => _setBack += by;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Waits until exactly <paramref name="count"/> timers run: then everyone has gone to sleep.</summary>
    public Task WhenSleepingAsync(int count) => WhenAsync(() => _timers.Count == count);

    /// <summary>Waits until exactly <paramref name="count"/> timers run, the first of which is due after <paramref name="left"/>.</summary>
    public Task WhenSleepingAsync(int count, TimeSpan left) => WhenAsync(() => _timers.Count == count && _timers.Min(timer => timer.Due) - _elapsed == left);

    /// <summary>Waits until just one timer runs, and is none of those that are due after <paramref name="left"/>.</summary>
    public Task WhenNextIsNotInAsync(params TimeSpan[] left) => WhenAsync(() => _timers.Count == 1 && !left.Contains(_timers[0].Due - _elapsed));

    private Task WhenAsync(Func<bool> condition)
    {
        lock (_lock)
        {
            if (condition())
            {
                return Task.CompletedTask;
            }

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((condition, reached));
            return reached.Task.WaitAsync(TimeSpan.FromSeconds(10));
        }
    }

    /// <summary>Goes on to the moment at which the next timer is due.</summary>
    public void AdvanceToNext()
    {
        TimeSpan due;
        lock (_lock)
        {
            due = _timers.Min(timer => timer.Due);
        }

        Advance(due - _elapsed);
    }

    public void Advance(TimeSpan by)
    {
        TimeSpan end = _elapsed + by;
        while (true)
        {
            Timer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.Due <= end).MinBy(timer => timer.Due);
                if (next is null)
                {
                    _elapsed = end;
                    return;
                }

                _elapsed = next.Due > _elapsed ? next.Due : _elapsed;
                _timers.Remove(next);
            }

            next.Fire();
            Notify();
        }
    }

    private void Notify()
    {
        lock (_lock)
        {
            foreach ((Func<bool> condition, TaskCompletionSource reached) in _waiters.ToArray())
            {
                if (condition())
                {
                    _waiters.Remove((condition, reached));
                    reached.SetResult();
                }
            }
        }
    }

    private sealed class Timer(ManualTime time, Action fire) : ITimer
    {
        public TimeSpan Due { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                time._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time._elapsed + dueTime;
                    time._timers.Add(this);
                }
            }

            time.Notify();
            return true;
        }

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
