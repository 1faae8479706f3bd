using System.Threading.Channels;
using Narthex.Instrumentation;

namespace Narthex.Web.Live;

/// <summary>Something that people who look at the UI should know.</summary>
/// <param name="Text">What it is; two with the same text are the same.</param>
/// <param name="Date">Since when, or when it was last confirmed.</param>
/// <param name="IsActive">False in the last message about it.</param>
public sealed record LiveNotification(string Text, DateTimeOffset Date, bool IsActive = true);

/// <summary>What holds about the server at the moment, and who wants to be told of changes. Thread-safe; never waits.</summary>
public sealed class LiveNotifications
{
    /// <summary>The last attempt to load the configuration failed.</summary>
    public const string ReloadFailed = "Configuration reload has failed.";

    /// <summary>The storage is being opened.</summary>
    public const string StartingUp = "Prometheus is starting and replaying the write-ahead log (WAL).";

    /// <summary>The server is on its way out.</summary>
    public const string ShuttingDown = "Prometheus is shutting down and gracefully stopping all operations.";

    // So many messages wait for a browser that does not read. There are only a few kinds.
    private const int WaitingMax = 10;

    private readonly Lock _lock = new();
    private readonly List<LiveNotification> _current = [];
    private readonly HashSet<Channel<LiveNotification>> _subscribers = [];
    private readonly int _subscribersMax;
    private readonly TimeProvider _time;
    private readonly Gauge _active;
    private readonly Counter _sent;
    private readonly Counter _dropped;
    private bool _isClosed;

    /// <summary>Makes an empty one.</summary>
    /// <param name="subscribersMax">The most subscribers at one time.</param>
    /// <param name="metrics">Takes what is counted.</param>
    /// <param name="time">The clock of the notifications' dates.</param>
    public LiveNotifications(int subscribersMax, MetricRegistry metrics, TimeProvider time)
    {
        _subscribersMax = subscribersMax;
        _time = time;
        _active = metrics.CreateGauge("prometheus_api_notification_active_subscribers", "Subscribers of live notifications at present.");
        _sent = metrics.CreateCounter("prometheus_api_notification_updates_sent_total", "Updates sent to subscribers of live notifications.");
        _dropped = metrics.CreateCounter("prometheus_api_notification_updates_dropped_total", "Updates that a subscriber did not get, because it read too slowly.");
    }

    /// <summary>What holds now, oldest first.</summary>
    public IReadOnlyList<LiveNotification> Current
    {
        get
        {
            lock (_lock)
            {
                return [.. _current];
            }
        }
    }

    /// <summary>Says that something holds from now on, or still.</summary>
    public void Add(string text)
    {
        lock (_lock)
        {
            var notification = new LiveNotification(text, _time.GetUtcNow());
            int index = _current.FindIndex(known => known.Text == text);
            if (index < 0)
            {
                _current.Add(notification);
            }
            else
            {
                _current[index] = notification;
            }

            Tell(notification);
        }
    }

    /// <summary>Says that something does not hold any more.</summary>
    public void Remove(string text)
    {
        lock (_lock)
        {
            int index = _current.FindIndex(known => known.Text == text);
            if (index >= 0)
            {
                Tell(_current[index] with { IsActive = false });
                _current.RemoveAt(index);
            }
        }
    }

    /// <summary>Subscribes: first what holds now, then each change. Null if there are too many subscribers.</summary>
    /// <remarks>The reader ends when the server stops. Whoever subscribes has to call <see cref="Unsubscribe"/>.</remarks>
    public Channel<LiveNotification>? TrySubscribe()
    {
        lock (_lock)
        {
            if (_isClosed || _subscribers.Count >= _subscribersMax)
            {
                return null;
            }

            var subscriber = Channel.CreateBounded<LiveNotification>(new BoundedChannelOptions(WaitingMax) { SingleReader = true });
            foreach (LiveNotification notification in _current)
            {
                subscriber.Writer.TryWrite(notification);
            }

            _subscribers.Add(subscriber);
            _active.Set(_subscribers.Count);
            return subscriber;
        }
    }

    /// <summary>Ends a subscription.</summary>
    public void Unsubscribe(Channel<LiveNotification> subscriber)
    {
        lock (_lock)
        {
            _subscribers.Remove(subscriber);
            _active.Set(_subscribers.Count);
        }
    }

    /// <summary>Ends all subscriptions: open connections would hold up the end of the server.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (Channel<LiveNotification> subscriber in _subscribers)
            {
                subscriber.Writer.TryComplete();
            }
        }
    }

    private void Tell(LiveNotification notification)
    {
        foreach (Channel<LiveNotification> subscriber in _subscribers)
        {
            _sent.Increment();
            if (!subscriber.Writer.TryWrite(notification))
            {
                _dropped.Increment();
            }
        }
    }
}
