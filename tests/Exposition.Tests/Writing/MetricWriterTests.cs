using System.Buffers;
using System.Text;
using Narthex.Instrumentation;

namespace Narthex.Exposition.Tests;

public class MetricWriterTests
{
    private readonly MetricRegistry _registry = new();

    public MetricWriterTests()
    {
        _registry.CreateCounterFamily("b_total", "Counts \\ \"b\"\nthings.", "l").WithLabels("x\"y\\z\n").Increment(1500000.25);
        _registry.CreateGauge("a", "A.").Set(-12);
        Histogram histogram = _registry.CreateHistogram("h", "H.", [0.5, 1, 2e6]);
        histogram.Observe(1);
        histogram.Observe(3e6);
        _registry.CreateSummary("s", "S.", [0.5]);
        _registry.CreateCounter("odd", "O.").Increment(2e6);
    }

    [Fact]
    public void Text_is_what_a_Prometheus_client_writes() => Assert.Equal(
        """
        # HELP a A.
        # TYPE a gauge
        a -12
        # HELP b_total Counts \\ "b"\nthings.
        # TYPE b_total counter
        b_total{l="x\"y\\z\n"} 1.50000025e+06
        # HELP h H.
        # TYPE h histogram
        h_bucket{le="0.5"} 0
        h_bucket{le="1"} 1
        h_bucket{le="2e+06"} 1
        h_bucket{le="+Inf"} 2
        h_sum 3.000001e+06
        h_count 2
        # HELP odd O.
        # TYPE odd counter
        odd 2e+06
        # HELP s S.
        # TYPE s summary
        s{quantile="0.5"} NaN
        s_sum 0
        s_count 0

        """.ReplaceLineEndings("\n"),
        Write(null));

    [Fact]
    public void OpenMetrics_names_families_without_total_and_ends_with_EOF() => Assert.Equal(
        """
        # HELP a A.
        # TYPE a gauge
        a -12.0
        # HELP b Counts \\ \"b\"\nthings.
        # TYPE b counter
        b_total{l="x\"y\\z\n"} 1.50000025e+06
        # HELP h H.
        # TYPE h histogram
        h_bucket{le="0.5"} 0
        h_bucket{le="1.0"} 1
        h_bucket{le="2e+06"} 1
        h_bucket{le="+Inf"} 2
        h_sum 3.000001e+06
        h_count 2
        # HELP odd O.
        # TYPE odd unknown
        odd 2e+06
        # HELP s S.
        # TYPE s summary
        s{quantile="0.5"} NaN
        s_sum 0.0
        s_count 0
        # EOF

        """.ReplaceLineEndings("\n"),
        Write("application/openmetrics-text;version=1.0.0"));

    [Fact]
    public void What_is_written_parses_to_the_same_values()
    {
        Assert.Contains("{__name__=\"b_total\", l=\"x\\\"y\\\\z\\n\"} 1500000.25", Parse.Text(Write(null)));
        Assert.Contains("{__name__=\"h_bucket\", le=\"2e+06\"} 1", Parse.OpenMetrics(Write("application/openmetrics-text;version=1.0.0")));
    }

    [Fact]
    public void Names_outside_the_classic_set_are_quoted_or_escaped()
    {
        var registry = new MetricRegistry();
        registry.CreateGaugeFamily("a.b", "", "l.m").WithLabels("x").Set(1);
        Assert.Equal("# HELP \"a.b\" \n# TYPE \"a.b\" gauge\n{\"a.b\",\"l.m\"=\"x\"} 1\n", Write("text/plain;version=1.0.0;escaping=allow-utf-8", registry));
        Assert.Equal("# HELP a_b \n# TYPE a_b gauge\na_b{l_m=\"x\"} 1\n", Write("text/plain", registry));
    }

    private string Write(string? accept, MetricRegistry? registry = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        MetricWriter.Write(registry ?? _registry, MetricsEncoding.Negotiate(accept, allowOpenMetrics: true), buffer);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
