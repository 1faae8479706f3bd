using System.Globalization;
using System.Text;
using Narthex.Instrumentation;

namespace Narthex.PromQL.Tests.Logs;

/// <summary>Writes metrics roughly as their text format does: enough to look for a line.</summary>
internal sealed class TextSink : IMetricSink
{
    private readonly StringBuilder _text = new();
    private FamilyDescription _family = new("", "", InstrumentKind.Counter, []);

    public void BeginFamily(FamilyDescription family) => _family = family;

    public void Value(ReadOnlySpan<string> labelValues, double value) => Line("", labelValues, "", value);

    public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
    {
        for (int i = 0; i < reading.UpperBounds.Length; i++)
        {
            Line("_bucket", labelValues, string.Create(CultureInfo.InvariantCulture, $"le=\"{reading.UpperBounds[i]}\""), reading.CumulativeCounts[i]);
        }
    }

    public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading) => Line("_count", labelValues, "", reading.Count);

    public override string ToString() => _text.ToString();

    private void Line(string suffix, ReadOnlySpan<string> labelValues, string more, double value)
    {
        var labels = new List<string>();
        for (int i = 0; i < labelValues.Length; i++)
        {
            labels.Add($"{_family.LabelNames[i]}=\"{labelValues[i]}\"");
        }

        if (more.Length > 0)
        {
            labels.Add(more);
        }

        _text.Append(_family.Name).Append(suffix);
        if (labels.Count > 0)
        {
            _text.Append('{').AppendJoin(',', labels).Append('}');
        }

        _text.Append(CultureInfo.InvariantCulture, $" {value}\n");
    }
}
