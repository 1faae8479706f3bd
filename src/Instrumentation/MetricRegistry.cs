using System.Collections.Concurrent;

namespace Narthex.Instrumentation;

/// <summary>All metrics of one server. Thread-safe.</summary>
/// <param name="time">The clock of the summaries' windows; the system's if null.</param>
public sealed class MetricRegistry(TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly ConcurrentDictionary<string, IMetricFamily> _families = new(StringComparer.Ordinal);

    /// <summary>Registers a counter without labels.</summary>
    public Counter CreateCounter(string name, string help) => CreateCounterFamily(name, help).WithLabels();

    /// <summary>Registers counters with labels.</summary>
    public Family<Counter> CreateCounterFamily(string name, string help, params ReadOnlySpan<string> labelNames) =>
        Add(new Family<Counter>(Describe(name, help, InstrumentKind.Counter, labelNames), static () => new Counter()));

    /// <summary>Registers a gauge without labels.</summary>
    public Gauge CreateGauge(string name, string help) => CreateGaugeFamily(name, help).WithLabels();

    /// <summary>Registers gauges with labels.</summary>
    public Family<Gauge> CreateGaugeFamily(string name, string help, params ReadOnlySpan<string> labelNames) =>
        Add(new Family<Gauge>(Describe(name, help, InstrumentKind.Gauge, labelNames), static () => new Gauge()));

    /// <summary>Registers a histogram without labels.</summary>
    public Histogram CreateHistogram(string name, string help, ReadOnlySpan<double> buckets) =>
        CreateHistogramFamily(name, help, buckets).WithLabels();

    /// <summary>Registers histograms with labels. The bounds ascend; a last one at infinity may be left out.</summary>
    public Family<Histogram> CreateHistogramFamily(
        string name, string help, ReadOnlySpan<double> buckets, params ReadOnlySpan<string> labelNames)
    {
        double[] bounds = (buckets.Length > 0 && double.IsPositiveInfinity(buckets[^1]) ? buckets[..^1] : buckets).ToArray();
        for (int i = 1; i < bounds.Length; i++)
        {
            if (!(bounds[i] > bounds[i - 1]))
            {
                throw new ArgumentException($"The bucket bounds of {name} do not ascend.", nameof(buckets));
            }
        }

        return Add(new Family<Histogram>(Describe(name, help, InstrumentKind.Histogram, labelNames), () => new Histogram(bounds)));
    }

    /// <summary>Registers a summary without labels.</summary>
    public Summary CreateSummary(string name, string help, ReadOnlySpan<double> quantiles) =>
        CreateSummaryFamily(name, help, quantiles).WithLabels();

    /// <summary>Registers summaries with labels.</summary>
    public Family<Summary> CreateSummaryFamily(
        string name, string help, ReadOnlySpan<double> quantiles, params ReadOnlySpan<string> labelNames)
    {
        double[] wanted = quantiles.ToArray();
        return Add(new Family<Summary>(Describe(name, help, InstrumentKind.Summary, labelNames), () => new Summary(wanted, _time)));
    }

    /// <summary>Registers a gauge whose value is asked for at each collection.</summary>
    public void AddGaugeCallback(string name, string help, Func<double> read) =>
        Add(new CallbackFamily(Describe(name, help, InstrumentKind.Gauge, []), read));

    /// <summary>Registers a counter whose value is asked for at each collection.</summary>
    public void AddCounterCallback(string name, string help, Func<double> read) =>
        Add(new CallbackFamily(Describe(name, help, InstrumentKind.Counter, []), read));

    /// <summary>Registers a family whose metrics are asked for at each collection: <paramref name="collect"/> hands each to the sink it gets.</summary>
    public void AddCollector(FamilyDescription family, Action<IMetricSink> collect) => Add(new CollectorFamily(family, collect));

    /// <summary>Whether a metric of that name is registered.</summary>
    public bool Contains(string name) => _families.ContainsKey(name);

    /// <summary>Forgets a metric and all its label values. False if there is none.</summary>
    public bool Remove(string name) => _families.TryRemove(name, out _);

    /// <summary>Hands the present state of all metrics to <paramref name="sink"/>, ordered by name.</summary>
    public void Collect(IMetricSink sink)
    {
        IMetricFamily[] families = [.. _families.Values];
        Array.Sort(families, static (a, b) => string.CompareOrdinal(a.Description.Name, b.Description.Name));
        foreach (IMetricFamily family in families)
        {
            family.Collect(sink);
        }
    }

    private static FamilyDescription Describe(string name, string help, InstrumentKind kind, ReadOnlySpan<string> labelNames)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        foreach (string label in labelNames)
        {
            if (label is "" or "le" && kind == InstrumentKind.Histogram || label == "quantile" && kind == InstrumentKind.Summary)
            {
                throw new ArgumentException($"{name} cannot have a label named \"{label}\".", nameof(labelNames));
            }
        }

        return new FamilyDescription(name, help, kind, labelNames.ToArray());
    }

    private TFamily Add<TFamily>(TFamily family)
        where TFamily : IMetricFamily =>
        _families.TryAdd(family.Description.Name, family)
            ? family
            : throw new InvalidOperationException($"The metric {family.Description.Name} is registered twice.");

    private sealed class CollectorFamily(FamilyDescription description, Action<IMetricSink> collect) : IMetricFamily
    {
        public FamilyDescription Description { get; } = description;

        public void Collect(IMetricSink sink)
        {
            sink.BeginFamily(Description);
            collect(sink);
        }
    }

    private sealed class CallbackFamily(FamilyDescription description, Func<double> read) : IMetricFamily
    {
        public FamilyDescription Description { get; } = description;

        public void Collect(IMetricSink sink)
        {
            double value = read();
            sink.BeginFamily(Description);
            sink.Value([], value);
        }
    }
}
