using Narthex.Instrumentation;
using Narthex.Tsdb.Head.Exemplars;

namespace Narthex.Tsdb;

/// <summary>The metrics of exemplars, under upstream's names; read when they are collected.</summary>
internal static class ExemplarMetrics
{
    public static void Register(MetricRegistry registry, ExemplarStore exemplars)
    {
        registry.AddCounterCallback("prometheus_tsdb_exemplar_exemplars_appended_total", "Exemplars stored.", () => exemplars.Appended);
        registry.AddGaugeCallback("prometheus_tsdb_exemplar_exemplars_in_storage", "Exemplars held.", () => exemplars.Count);
        registry.AddGaugeCallback("prometheus_tsdb_exemplar_series_with_exemplars_in_storage", "Series that have exemplars.", () => exemplars.SeriesCount);
        registry.AddGaugeCallback(
            "prometheus_tsdb_exemplar_last_exemplars_timestamp_seconds",
            "Time of the exemplar that makes room next: about how far back they reach.",
            () => exemplars.OldestMs / 1000.0);
        registry.AddGaugeCallback("prometheus_tsdb_exemplar_max_exemplars", "How many exemplars can be held.", () => exemplars.Capacity);
        registry.AddCounterCallback(
            "prometheus_tsdb_exemplar_out_of_order_exemplars_total", "Exemplars refused because their series has newer ones.", () => exemplars.OutOfOrder);
    }
}
