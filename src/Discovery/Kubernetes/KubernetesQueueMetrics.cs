using Narthex.Instrumentation;

namespace Narthex.Discovery.Kubernetes;

/// <summary>The <c>prometheus_sd_kubernetes_workqueue_*</c> metrics: objects that have changed, and wait to be made into targets.</summary>
internal sealed class KubernetesQueueMetrics
{
    private const string Prefix = "prometheus_sd_kubernetes_workqueue_";
    private readonly Family<Gauge> _depth;
    private readonly Family<Counter> _items;
    private readonly Family<Summary> _latency;
    private readonly Family<Summary> _work;
    private readonly Family<Gauge> _unfinished;
    private readonly Family<Gauge> _longest;

    public KubernetesQueueMetrics(MetricRegistry registry)
    {
        _depth = registry.CreateGaugeFamily(Prefix + "depth", "Changed objects that wait to be made into targets.", "queue_name");
        _items = registry.CreateCounterFamily(Prefix + "items_total", "Changed objects that were queued.", "queue_name");
        _latency = registry.CreateSummaryFamily(Prefix + "latency_seconds", "How long changed objects have waited, in seconds.", [], "queue_name");
        _work = registry.CreateSummaryFamily(Prefix + "work_duration_seconds", "How long it took to make targets of a changed object, in seconds.", [], "queue_name");
        _unfinished = registry.CreateGaugeFamily(
            Prefix + "unfinished_work_seconds", "How long objects have been worked on that are not done yet, in seconds. Always 0: they are done at once.", "queue_name");
        _longest = registry.CreateGaugeFamily(
            Prefix + "longest_running_processor_seconds", "How long the longest piece of work has been running, in seconds. Always 0: they are done at once.", "queue_name");
    }

    /// <summary>The queue of a role. Discoveries of one role share it.</summary>
    public Queue Of(string role)
    {
        _unfinished.WithLabels(role);
        _longest.WithLabels(role);
        return new Queue(_depth.WithLabels(role), _items.WithLabels(role), _latency.WithLabels(role), _work.WithLabels(role));
    }

    /// <summary>What is counted of one queue.</summary>
    public sealed record Queue(Gauge Depth, Counter Items, Summary Latency, Summary Work);
}
