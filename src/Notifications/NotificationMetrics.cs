using Narthex.Instrumentation;

namespace Narthex.Notifications;

/// <summary>The metrics that the notifier keeps about itself, under upstream's names.</summary>
internal sealed class NotificationMetrics
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);
    private readonly Family<Summary> _latency;
    private readonly Family<Histogram> _latencyHistogram;
    private readonly Family<Counter> _errors;
    private readonly Family<Counter> _sent;
    private readonly Family<Counter> _dropped;
    private readonly Family<Gauge> _queueLength;

    public NotificationMetrics(MetricRegistry registry, int queueCapacity, Func<int> countAlertmanagers)
    {
        _latency = registry.CreateSummaryFamily(
            "prometheus_notifications_latency_seconds", "Time that requests to an Alertmanager took, in seconds.", [0.5, 0.9, 0.99], "alertmanager");
        _latencyHistogram = registry.CreateHistogramFamily(
            "prometheus_notifications_latency_histogram_seconds", "Time that requests to an Alertmanager took, in seconds.", [0.01, 0.1, 1, 10], "alertmanager");
        _errors = registry.CreateCounterFamily(
            "prometheus_notifications_errors_total", "Alerts in requests that failed.", "alertmanager");
        _sent = registry.CreateCounterFamily(
            "prometheus_notifications_sent_total", "Alerts that an Alertmanager took.", "alertmanager");
        _dropped = registry.CreateCounterFamily(
            "prometheus_notifications_dropped_total", "Alerts that were given up, because sending them failed or the queue was full.", "alertmanager");
        _queueLength = registry.CreateGaugeFamily(
            "prometheus_notifications_queue_length", "Alerts that wait for an Alertmanager.", "alertmanager");
        registry.CreateGauge("prometheus_notifications_queue_capacity", "The most alerts that wait for one Alertmanager.").Set(queueCapacity);
        registry.AddGaugeCallback(
            "prometheus_notifications_alertmanagers_discovered", "Alertmanagers that alerts are sent to.", () => countAlertmanagers());
    }

    /// <summary>The metrics of one Alertmanager. Two sets may name the same one: each that enters has to leave.</summary>
    public AlertmanagerMetrics Enter(string url)
    {
        lock (_lock)
        {
            _users[url] = _users.GetValueOrDefault(url) + 1;
            return new AlertmanagerMetrics(_errors.WithLabels(url), _sent.WithLabels(url), _dropped.WithLabels(url), _queueLength.WithLabels(url));
        }
    }

    /// <summary>Forgets the metrics of an Alertmanager that nobody sends to any more.</summary>
    public void Leave(string url)
    {
        lock (_lock)
        {
            int users = _users[url] - 1;
            if (users > 0)
            {
                _users[url] = users;
                return;
            }

            _users.Remove(url);
            _latency.Remove(url);
            _latencyHistogram.Remove(url);
            _errors.Remove(url);
            _sent.Remove(url);
            _dropped.Remove(url);
            _queueLength.Remove(url);
        }
    }

    /// <summary>Notes how long a request took that worked. Before the first one there is nothing to show.</summary>
    public void ObserveLatency(string url, TimeSpan duration)
    {
        _latency.WithLabels(url).Observe(duration.TotalSeconds);
        _latencyHistogram.WithLabels(url).Observe(duration.TotalSeconds);
    }
}

/// <summary>What is counted for one Alertmanager.</summary>
internal sealed record AlertmanagerMetrics(Counter Errors, Counter Sent, Counter Dropped, Gauge QueueLength);
