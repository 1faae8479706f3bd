using Narthex.Instrumentation;

namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>Reads the counters of events.</summary>
internal static class KubernetesMetricsReader
{
    public static double Events(MetricRegistry registry, string role, string change)
    {
        var sink = new EventSink(role, change);
        registry.Collect(sink);
        return sink.Found;
    }

    private sealed class EventSink(string role, string change) : IMetricSink
    {
        private bool _isEvents;

        public double Found { get; private set; }

        public void BeginFamily(FamilyDescription family) => _isEvents = family.Name == "prometheus_sd_kubernetes_events_total";

        public void Value(ReadOnlySpan<string> labelValues, double value)
        {
            if (_isEvents && labelValues[0] == role && labelValues[1] == change)
            {
                Found = value;
            }
        }

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
            // None of these.
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
        {
            // None of these.
        }
    }
}
