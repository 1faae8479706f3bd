namespace Narthex.Instrumentation.Tests;

public class MetricRegistryTests
{
    [Fact]
    public void Collect_orders_families_by_name_and_metrics_by_label_values()
    {
        var registry = new MetricRegistry();
        registry.CreateGauge("b", "").Set(-2.5);
        Family<Counter> family = registry.CreateCounterFamily("a_total", "", "job", "code");
        family.WithLabels("x", "500").Increment();
        family.WithLabels("x", "200").Increment(2);
        family.WithLabels("w", "999").Increment(0.5);

        Assert.Equal(
            ["Counter a_total", "a_total{w,999} 0.5", "a_total{x,200} 2", "a_total{x,500} 1", "Gauge b", "b{} -2.5"], Collect(registry));
    }

    [Fact]
    public void A_name_can_be_registered_once_only()
    {
        var registry = new MetricRegistry();
        registry.CreateCounter("a", "");
        Assert.Throws<InvalidOperationException>(() => registry.CreateGauge("a", ""));
    }

    [Fact]
    public void A_removed_metric_is_gone_and_starts_from_zero_when_it_comes_back()
    {
        var registry = new MetricRegistry();
        Family<Gauge> family = registry.CreateGaugeFamily("g", "", "l");
        family.WithLabels("x").Set(3);
        Assert.True(family.Remove("x"));
        Assert.Empty(Collect(registry));
        Assert.Equal(0, family.WithLabels("x").Value);
    }

    [Fact]
    public void WithLabels_gives_the_same_metric_for_the_same_values()
    {
        Family<Counter> family = new MetricRegistry().CreateCounterFamily("c", "", "a", "b");
        Assert.Same(family.WithLabels("1", "2"), family.WithLabels("1", "2"));
        Assert.NotSame(family.WithLabels("1", "2"), family.WithLabels("12", ""));
        Assert.Throws<ArgumentException>(() => family.WithLabels("1"));
    }

    [Fact]
    public void A_counter_refuses_to_go_down()
    {
        Counter counter = new MetricRegistry().CreateCounter("c", "");
        Assert.Throws<ArgumentOutOfRangeException>(() => counter.Increment(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => counter.Increment(double.NaN));
        counter.Increment(1e300);
        Assert.Equal(1e300, counter.Value);
    }

    [Fact]
    public void Counters_gauges_and_histograms_lose_nothing_under_contention()
    {
        var registry = new MetricRegistry();
        Counter counter = registry.CreateCounter("c", "");
        Gauge gauge = registry.CreateGauge("g", "");
        Histogram histogram = registry.CreateHistogram("h", "", [1, 2]);
        Parallel.For(0, 20_000, i =>
        {
            counter.Increment();
            counter.Increment(0.5);
            gauge.Increment();
            histogram.Observe(i % 3 + 0.5);
        });

        Assert.Equal(30_000, counter.Value);
        Assert.Equal(20_000, gauge.Value);
        Assert.Equal(20_000, histogram.Count);
        Assert.Contains("h{} 6667,13334,20000 sum 29999", Collect(registry));
    }

    [Fact]
    public void A_bucket_includes_its_bound_and_NaN_counts_only_in_the_last()
    {
        var registry = new MetricRegistry();
        Histogram histogram = registry.CreateHistogram("h", "", [1, 2, double.PositiveInfinity]);
        histogram.Observe(1);
        histogram.Observe(2);
        histogram.Observe(double.NaN);
        Assert.Contains("h{} 1,2,3 sum NaN", Collect(registry));
    }

    [Fact]
    public void Bucket_bounds_must_ascend() =>
        Assert.Throws<ArgumentException>(() => new MetricRegistry().CreateHistogram("h", "", [2, 1]));

    [Fact]
    public void Callbacks_are_read_at_each_collection()
    {
        var registry = new MetricRegistry();
        double value = 1;
        registry.AddGaugeCallback("g", "", () => value);
        Assert.Contains("g{} 1", Collect(registry));
        value = 2;
        Assert.Contains("g{} 2", Collect(registry));
    }

    [Fact]
    public void Process_metrics_describe_this_process()
    {
        var registry = new MetricRegistry();
        ProcessMetrics.Register(registry);
        RuntimeMetrics.Register(registry);
        Dictionary<string, double> values = Collect(registry).Where(line => line.Contains("{} ", StringComparison.Ordinal))
            .ToDictionary(line => line[..line.IndexOf('{')], line => double.Parse(line[(line.IndexOf(' ') + 1)..]));
        Assert.InRange(values["process_resident_memory_bytes"], 1 << 20, 1L << 40);
        Assert.InRange(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"], double.MaxValue);
        Assert.InRange(values["process_open_fds"], 3, values["process_max_fds"]);
        Assert.InRange(values["process_start_time_seconds"], 1.6e9, DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 1);
        Assert.True(values["process_cpu_seconds_total"] > 0);
        Assert.InRange(values["process_network_receive_bytes_total"], 0, double.MaxValue);
        Assert.InRange(values["process_network_transmit_bytes_total"], 0, double.MaxValue);
        Assert.True(values["dotnet_gc_heap_bytes"] > 0);
    }

    private static List<string> Collect(MetricRegistry registry)
    {
        var sink = new RecordingSink();
        registry.Collect(sink);
        return sink.Lines;
    }
}
