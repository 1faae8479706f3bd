using Narthex.Instrumentation;

namespace Narthex.Discovery.Kubernetes;

/// <summary>The <c>prometheus_sd_kubernetes_*</c> metrics.</summary>
internal sealed class KubernetesMetrics
{
    private static readonly string[] s_events = ["add", "update", "delete"];
    private readonly Family<Counter> _events;

    public KubernetesMetrics(MetricRegistry registry)
    {
        _events = registry.CreateCounterFamily("prometheus_sd_kubernetes_events_total", "Changes of objects that were handled.", "role", "event");
        Failures = registry.CreateCounter("prometheus_sd_kubernetes_failures_total", "Lists and watches that failed.");
        Requests = registry.CreateCounterFamily(
            "prometheus_sd_kubernetes_http_request_total", "Requests to the Kubernetes API, by the status of the answer.", "status_code");
        RequestDuration = registry.CreateSummaryFamily(
            "prometheus_sd_kubernetes_http_request_duration_seconds", "Time until the Kubernetes API answered, in seconds.", [], "endpoint");
        Queues = new KubernetesQueueMetrics(registry);
        foreach (KubernetesKind kind in KubernetesKind.Roles)
        {
            foreach (string name in s_events)
            {
                _events.WithLabels(kind.Role, name);
            }
        }
    }

    public Counter Failures { get; }

    /// <summary>What waits to be made into targets, for each role.</summary>
    public KubernetesQueueMetrics Queues { get; }

    public Family<Counter> Requests { get; }

    public Family<Summary> RequestDuration { get; }

    public void Count(KubernetesKind kind, KubernetesObjects.Change change) => _events.WithLabels(kind.Role, s_events[(int)change]).Increment();
}
