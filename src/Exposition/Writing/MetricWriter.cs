using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Narthex.Instrumentation;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Writes a registry's metrics as classic text or OpenMetrics text.</summary>
public static class MetricWriter
{
    /// <summary>Writes all metrics of <paramref name="registry"/>.</summary>
    public static void Write(MetricRegistry registry, MetricsEncoding encoding, IBufferWriter<byte> destination)
    {
        var sink = new TextSink(new TextOutput(destination), encoding.Format == ExpositionFormat.OpenMetrics, encoding.Escaping);
        registry.Collect(sink);
        sink.Finish();
    }
}

/// <summary>Turns what a registry hands out into lines.</summary>
internal sealed class TextSink(TextOutput output, bool openMetrics, NameEscapingScheme escaping) : IMetricSink
{
    private FamilyDescription? _family;
    private string _name = "";
    private string[] _labelNames = [];

    public void BeginFamily(FamilyDescription family)
    {
        _family = family;
        _name = NameEscaping.Escape(family.Name, escaping);
        _labelNames = Array.ConvertAll(family.LabelNames, name => NameEscaping.Escape(name, escaping));

        // OpenMetrics names the family of a counter without its suffix; a counter without the suffix must be called unknown there.
        bool isCounter = family.Kind == InstrumentKind.Counter;
        bool cutTotal = openMetrics && isCounter && _name.EndsWith("_total", StringComparison.Ordinal);
        string familyName = cutTotal ? _name[..^6] : _name;
        string type = openMetrics && isCounter && !cutTotal ? "unknown" : family.Kind switch
        {
            InstrumentKind.Counter => "counter",
            InstrumentKind.Gauge => "gauge",
            InstrumentKind.Histogram => "histogram",
            _ => "summary",
        };

        output.Write("# HELP ");
        WriteFamilyName(familyName);
        output.Write(" ");
        output.WriteEscaped(family.Help, quotes: openMetrics);
        output.Write("\n# TYPE ");
        WriteFamilyName(familyName);
        output.Write(" ");
        output.Write(type);
        output.Write("\n");
    }

    public void Value(ReadOnlySpan<string> labelValues, double value)
    {
        WriteSeries("", labelValues, null, 0);
        WriteFloat(value);
    }

    public void Histogram(ReadOnlySpan<string> labelValues, in HistogramReading reading)
    {
        for (int i = 0; i < reading.CumulativeCounts.Length; i++)
        {
            double bound = i < reading.UpperBounds.Length ? reading.UpperBounds[i] : double.PositiveInfinity;
            WriteSeries("_bucket", labelValues, LabelNames.Bucket, bound);
            WriteCount(reading.CumulativeCounts[i]);
        }

        WriteSeries("_sum", labelValues, null, 0);
        WriteFloat(reading.Sum);
        WriteSeries("_count", labelValues, null, 0);
        WriteCount(reading.Count);
    }

    public void Summary(ReadOnlySpan<string> labelValues, in SummaryReading reading)
    {
        for (int i = 0; i < reading.Quantiles.Length; i++)
        {
            WriteSeries("", labelValues, LabelNames.Quantile, reading.Quantiles[i]);
            WriteFloat(reading.Values[i]);
        }

        WriteSeries("_sum", labelValues, null, 0);
        WriteFloat(reading.Sum);
        WriteSeries("_count", labelValues, null, 0);
        WriteCount(reading.Count);
    }

    public void Finish()
    {
        if (openMetrics)
        {
            output.Write("# EOF\n");
        }
    }

    private void WriteFamilyName(string name)
    {
        if (LabelNames.IsValidLegacyMetricName(name))
        {
            output.Write(name);
        }
        else
        {
            WriteQuoted(name);
        }
    }

    private void WriteSeries(string suffix, ReadOnlySpan<string> labelValues, string? extraLabel, double extraValue)
    {
        bool quotedName = !LabelNames.IsValidLegacyMetricName(_name);
        bool any = quotedName;
        if (quotedName)
        {
            output.Write("{");
            WriteQuoted(_name + suffix);
        }
        else
        {
            output.Write(_name);
            output.Write(suffix);
        }

        for (int i = 0; i < labelValues.Length; i++)
        {
            output.Write(any ? "," : "{");
            any = true;
            if (LabelNames.IsValidLegacy(_labelNames[i]))
            {
                output.Write(_labelNames[i]);
            }
            else
            {
                WriteQuoted(_labelNames[i]);
            }

            output.Write("=");
            WriteQuoted(labelValues[i]);
        }

        if (extraLabel is not null)
        {
            output.Write(any ? "," : "{");
            any = true;
            output.Write(extraLabel);
            output.Write("=\"");
            output.WriteFloat(extraValue, alwaysWithPoint: openMetrics);
            output.Write("\"");
        }

        output.Write(any ? "} " : " ");
    }

    private void WriteQuoted(string text)
    {
        output.Write("\"");
        output.WriteEscaped(text, quotes: true);
        output.Write("\"");
    }

    private void WriteFloat(double value)
    {
        output.WriteFloat(value, alwaysWithPoint: openMetrics);
        output.Write("\n");
    }

    private void WriteCount(long value)
    {
        // Classic text prints counts like any other number.
        if (openMetrics)
        {
            output.WriteInteger(value);
            output.Write("\n");
        }
        else
        {
            WriteFloat(value);
        }
    }
}

/// <summary>Appends text in UTF-8 to a buffer writer.</summary>
internal sealed class TextOutput(IBufferWriter<byte> destination)
{
    public void Write(string text)
    {
        if (text.Length > 0)
        {
            Encoding.UTF8.GetBytes(text, destination);
        }
    }

    public void WriteEscaped(string text, bool quotes)
    {
        if (text.AsSpan().IndexOfAny('\\', '\n', '"') < 0)
        {
            Write(text);
            return;
        }

        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        Write(quotes ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text);
    }

    public void WriteInteger(long value)
    {
        Utf8Formatter.TryFormat(value, destination.GetSpan(24), out int written);
        destination.Advance(written);
    }

    /// <summary>
    /// The shortest digits, with an exponent from a million on and below 1e-4, as upstream's clients print them. OpenMetrics wants whole numbers
    /// to show that they are floats: <c>1.0</c>.
    /// </summary>
    public void WriteFloat(double value, bool alwaysWithPoint)
    {
        Span<byte> span = destination.GetSpan(FloatFormat.PlainLengthMax);
        int written;
        if (alwaysWithPoint)
        {
            FloatFormat.TryFormatWithPoint(value, span, out written);
        }
        else
        {
            FloatFormat.TryFormatGeneral(value, span, out written);
        }

        destination.Advance(written);
    }
}
