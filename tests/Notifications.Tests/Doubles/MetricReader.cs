using Narthex.Instrumentation;

namespace Narthex.Notifications.Tests.Doubles;

/// <summary>Finds one metric of a registry.</summary>
internal static class MetricReader
{
    /// <summary>The value of a counter or gauge, the number of observations of the others; null if it is not there.</summary>
    public static double? Read(MetricRegistry metrics, string name, string? alertmanager)
    {
        var sink = new FindingSink(name, alertmanager);
        metrics.Collect(sink);
        return sink.Found;
    }

    private sealed class FindingSink(string name, string? alertmanager) : IMetricSink
    {
        private string _family = "";

        public double? Found { get; private set; }

        public void BeginFamily(FamilyDescription family) => _family = family.Name;

        public void Value(ReadOnlySpan<string> labelValues, double value)
        {
            if (_family == name && (alertmanager is null ? labelValues.IsEmpty : labelValues.Length == 1 && labelValues[0] == alertmanager))
            {
                Found = value;
            }
        }

        public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading) => Value(labelValues, reading.CumulativeCounts[^1]);

        public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) => Value(labelValues, reading.Count);
    }
}
