using Microsoft.Extensions.Logging;

namespace Narthex.Notifications.Sending;

/// <summary>Brings alerts to one Alertmanager, in batches, in their order, from a queue of its own.</summary>
/// <remarks>
/// There is a task only while something waits. A batch that fails is given up, as upstream does: rules send their alerts again and
/// again, so the next one says it anew, while old alerts sent late would only stand in its way.
/// </remarks>
internal sealed class SendLoop
{
    private readonly Lock _lock = new();
    private readonly AlertQueue _queue;
    private readonly AlertClient _client;
    private readonly NotificationMetrics _metrics;
    private readonly AlertmanagerMetrics _counts;
    private readonly List<AlertNotification> _batch = [];
    private readonly int _batchSize;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private Task _sending = Task.CompletedTask;
    private bool _isSending;
    private bool _isStopped;

    public SendLoop(string url, AlertClient client, NotifierOptions options, NotificationMetrics metrics, TimeProvider time, ILogger logger)
    {
        Url = url;
        _client = client;
        _queue = new AlertQueue(options.QueueCapacity);
        _batchSize = Math.Max(1, options.BatchSize);
        _metrics = metrics;
        _counts = metrics.Enter(url);
        _time = time;
        _logger = logger;
    }

    public string Url { get; }

    /// <summary>Queues alerts. Never waits.</summary>
    public void Add(IReadOnlyList<AlertNotification> alerts)
    {
        int ofBatch, ofQueue;
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            int before = _queue.Count;
            (ofBatch, ofQueue) = _queue.Add(alerts);
            _counts.QueueLength.Increment(_queue.Count - before);
            if (!_isSending && _queue.Count > 0)
            {
                _isSending = true;
                _sending = Task.Run(SendAllAsync);
            }
        }

        if (ofBatch > 0)
        {
            NotificationLog.TooManyAtOnce(_logger, Url, ofBatch);
        }

        if (ofQueue > 0)
        {
            NotificationLog.QueueFull(_logger, Url, ofQueue);
        }

        _counts.Dropped.Increment(ofBatch + ofQueue);
    }

    /// <summary>Takes no more alerts, and ends when those that wait are sent or given up.</summary>
    /// <param name="drain">Whether to send them. One that is under way comes to its end in any case.</param>
    public async Task StopAsync(bool drain)
    {
        Task sending;
        int waiting = 0;
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            if (!drain)
            {
                waiting = Discard();
            }

            sending = _sending;
        }

        if (waiting > 0)
        {
            NotificationLog.NotDrained(_logger, Url, waiting);
        }

        await sending;
        _metrics.Leave(Url);
    }

    private async Task SendAllAsync()
    {
        while (TryTake())
        {
            await SendBatchAsync();
        }
    }

    private bool TryTake()
    {
        lock (_lock)
        {
            _queue.Take(_batchSize, _batch);
            _counts.QueueLength.Decrement(_batch.Count);
            _isSending = _batch.Count > 0;
            return _isSending;
        }
    }

    private async Task SendBatchAsync()
    {
        try
        {
            long started = _time.GetTimestamp();
            await _client.SendAsync(_batch);
            _metrics.ObserveLatency(Url, _time.GetElapsedTime(started));
            _counts.Sent.Increment(_batch.Count);
        }
        catch (AlertSendException error)
        {
            OnFailed();
            NotificationLog.SendingFailed(_logger, Url, _batch.Count, error.Message);
            if (error.IsTimeout)
            {
                GiveUpDraining();
            }
        }
#pragma warning disable CA1031 // A batch that breaks the sender must not keep later alerts from being sent.
        catch (Exception error)
#pragma warning restore CA1031
        {
            OnFailed();
            NotificationLog.SendingCrashed(_logger, Url, _batch.Count, error);
        }
    }

    private void OnFailed()
    {
        _counts.Errors.Increment(_batch.Count);
        _counts.Dropped.Increment(_batch.Count);
    }

    // The server waits for the queue. An Alertmanager that lets requests run into their timeout would make it wait that long for each batch.
    private void GiveUpDraining()
    {
        int waiting;
        lock (_lock)
        {
            waiting = _isStopped ? Discard() : 0;
        }

        if (waiting > 0)
        {
            NotificationLog.DrainGivenUp(_logger, Url, waiting);
        }
    }

    private int Discard()
    {
        int waiting = _queue.Clear();
        _counts.QueueLength.Decrement(waiting);
        _counts.Dropped.Increment(waiting);
        return waiting;
    }
}
