using Narthex.Instrumentation;

namespace Narthex.Scraping.Tests;

/// <summary>Adds up the counters and gauges of one name.</summary>
internal sealed class MetricSum(string name) : IMetricSink
{
    private bool _isWanted;

    public double Sum { get; private set; }

    public void BeginFamily(FamilyDescription family) => _isWanted = family.Name == name;

    public void Value(ReadOnlySpan<string> labelValues, double value) => Sum += _isWanted ? value : 0;

    public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
    {
    }

    public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) => Sum += _isWanted ? reading.Count : 0;
}
