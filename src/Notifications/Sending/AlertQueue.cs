namespace Narthex.Notifications.Sending;

/// <summary>The alerts that wait for one Alertmanager, oldest first, never more than its capacity. Not thread-safe.</summary>
internal sealed class AlertQueue(int capacity)
{
    private readonly Queue<AlertNotification> _alerts = new();

    public int Count => _alerts.Count;

    /// <summary>Adds alerts. What does not fit goes: first the oldest of a batch that is too long in itself, then the oldest that wait.</summary>
    public (int OfBatch, int OfQueue) Add(IReadOnlyList<AlertNotification> alerts)
    {
        int ofBatch = Math.Max(0, alerts.Count - capacity);
        int ofQueue = Math.Max(0, _alerts.Count + alerts.Count - ofBatch - capacity);
        for (int i = 0; i < ofQueue; i++)
        {
            _alerts.Dequeue();
        }

        for (int i = ofBatch; i < alerts.Count; i++)
        {
            _alerts.Enqueue(alerts[i]);
        }

        return (ofBatch, ofQueue);
    }

    /// <summary>Takes the oldest alerts off, at most <paramref name="countMax"/>, into a list that is emptied first.</summary>
    public void Take(int countMax, List<AlertNotification> batch)
    {
        batch.Clear();
        while (batch.Count < countMax && _alerts.TryDequeue(out AlertNotification? alert))
        {
            batch.Add(alert);
        }
    }

    /// <summary>Empties the queue and says how many waited.</summary>
    public int Clear()
    {
        int count = _alerts.Count;
        _alerts.Clear();
        return count;
    }
}
