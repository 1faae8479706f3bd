using System.Globalization;

namespace Narthex.Instrumentation.Tests;

/// <summary>Writes what it is handed as lines that are easy to compare.</summary>
internal sealed class RecordingSink : IMetricSink
{
    private FamilyDescription? _family;

    public List<string> Lines { get; } = [];

    public void BeginFamily(FamilyDescription family)
    {
        _family = family;
        Lines.Add($"{family.Kind} {family.Name}");
    }

    public void Value(ReadOnlySpan<string> labelValues, double value) => Lines.Add(Prefix(labelValues) + Text(value));

    public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading) =>
        Lines.Add(Prefix(labelValues) + string.Join(",", reading.CumulativeCounts.ToArray()) + " sum " + Text(reading.Sum));

    public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) =>
        Lines.Add(Prefix(labelValues) + string.Join(",", reading.Values.ToArray().Select(Text)) + " sum " + Text(reading.Sum) + " count " + reading.Count);

    private string Prefix(ReadOnlySpan<string> labelValues) => _family!.Name + "{" + string.Join(",", labelValues.ToArray()) + "} ";

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);
}

internal sealed class ManualTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _ticks;

    public void Advance(TimeSpan span) => _ticks += span.Ticks;
}
