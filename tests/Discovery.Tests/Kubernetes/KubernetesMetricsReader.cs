using Narthex.Instrumentation;

namespace Narthex.Discovery.Tests.Kubernetes;

/// <summary>Reads the metrics of a discovery.</summary>
internal static class KubernetesMetricsReader
{
    public static double Events(MetricRegistry registry, string role, string change) => Read(registry, "prometheus_sd_kubernetes_events_total", role, change);

    /// <summary>The value of a counter or gauge, or how much a summary has observed; 0 if there is none.</summary>
    public static double Read(MetricRegistry registry, string name, params string[] labels)
    {
        var sink = new ValueSink(name, labels);
        registry.Collect(sink);
        return sink.Found;
    }

    /// <summary>Name, type and labels of all families that have values.</summary>
    public static string[] Families(MetricRegistry registry)
    {
        var sink = new FamilySink();
        registry.Collect(sink);
        return [.. sink.Families.Order(StringComparer.Ordinal)];
    }

    private sealed class ValueSink(string name, string[] labels) : IMetricSink
    {
        private bool _isWanted;

        public double Found { get; private set; }

        public void BeginFamily(FamilyDescription family) => _isWanted = family.Name == name;

        public void Value(ReadOnlySpan<string> labelValues, double value) => Note(labelValues, value);

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
        {
            // None of these.
        }

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) => Note(labelValues, reading.Count);

        private void Note(ReadOnlySpan<string> labelValues, double value)
        {
            if (_isWanted && labelValues.SequenceEqual(labels))
            {
                Found = value;
            }
        }
    }

    private sealed class FamilySink : IMetricSink
    {
        private string _family = "";

        public HashSet<string> Families { get; } = [];

        public void BeginFamily(FamilyDescription family) =>
            _family = $"{family.Name} {family.Kind.ToString().ToLowerInvariant()} {string.Join(',', family.LabelNames.Order(StringComparer.Ordinal))}";

        public void Value(ReadOnlySpan<string> labelValues, double value) => Families.Add(_family);

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading) => Families.Add(_family);

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) => Families.Add(_family);
    }
}
