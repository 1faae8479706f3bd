using System.Text;
using BenchmarkDotNet.Attributes;
using Narthex.Exposition;
using Narthex.Model;

namespace Narthex.Benchmarks;

/// <summary>Reading a body of a thousand series; figures are per series line.</summary>
[MemoryDiagnoser]
public class ParserBenchmarks
{
    private readonly byte[] _text = ExpositionBody.Render(1);
    private readonly byte[] _openMetrics = [.. ExpositionBody.Render(1), .. "# EOF\n"u8];
    private readonly LabelsBuilder _labels = new();

    [Benchmark(OperationsPerInvoke = ExpositionBody.Series)]
    [AllocatesNothing]
    public void TextLines()
    {
        var parser = new PrometheusTextParser(_text);
        while (parser.Next() != EntryKind.End)
        {
        }
    }

    [Benchmark(OperationsPerInvoke = ExpositionBody.Series)]
    [AllocatesNothing]
    public void TextLinesAndLabels()
    {
        var parser = new PrometheusTextParser(_text);
        EntryKind kind;
        while ((kind = parser.Next()) != EntryKind.End)
        {
            if (kind == EntryKind.Series)
            {
                parser.ParseLabels(_labels.Reset());
            }
        }
    }

    [Benchmark(OperationsPerInvoke = ExpositionBody.Series)]
    [AllocatesNothing]
    public void OpenMetricsLines()
    {
        var parser = new OpenMetricsParser(_openMetrics);
        while (parser.Next() != EntryKind.End)
        {
        }
    }
}
