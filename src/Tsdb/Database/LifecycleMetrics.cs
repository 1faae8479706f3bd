using Narthex.Instrumentation;

namespace Narthex.Tsdb;

/// <summary>The metrics of truncating head and log, under upstream's names.</summary>
internal sealed class LifecycleMetrics(MetricRegistry registry)
{
    public Counter HeadTruncations { get; } = registry.CreateCounter("prometheus_tsdb_head_truncations_total", "Truncations of the head.");

    // A truncation only moves a limit; what it frees is freed when nobody needs it. Nothing of that can fail.
    public Counter HeadTruncationsFailed { get; } = registry.CreateCounter("prometheus_tsdb_head_truncations_failed_total", "Truncations of the head that failed.");

    public Summary HeadCollectionSeconds { get; } =
        registry.CreateSummary("prometheus_tsdb_head_gc_duration_seconds", "How long dropping old samples and series from the head takes.", []);

    public Summary LogTruncationSeconds { get; } =
        registry.CreateSummary("prometheus_tsdb_wal_truncate_duration_seconds", "How long truncations of the write-ahead log take.", []);

    public Counter CheckpointCreations { get; } = registry.CreateCounter("prometheus_tsdb_checkpoint_creations_total", "Checkpoints begun.");

    public Counter CheckpointCreationsFailed { get; } =
        registry.CreateCounter("prometheus_tsdb_checkpoint_creations_failed_total", "Checkpoints that could not be written.");

    public Counter CheckpointDeletions { get; } = registry.CreateCounter("prometheus_tsdb_checkpoint_deletions_total", "Deletions of old checkpoints begun.");

    public Counter CheckpointDeletionsFailed { get; } =
        registry.CreateCounter("prometheus_tsdb_checkpoint_deletions_failed_total", "Deletions of old checkpoints that failed.");

    // Upstream has them for programs that embed its database and name the series to be moved into blocks. Its server names none, either: they stay zero.
    public Counter SelectedSeriesCompactions { get; } =
        registry.CreateCounter("prometheus_tsdb_selected_series_compactions_triggered_total", "Compactions of selected series begun.");

    public Counter SelectedSeriesCompactionsFailed { get; } =
        registry.CreateCounter("prometheus_tsdb_selected_series_compactions_failed_total", "Compactions of selected series that failed.");

    public Histogram SelectedSeriesCompactionSeconds { get; } = registry.CreateHistogram(
        "prometheus_tsdb_selected_series_compaction_duration_seconds", "How long compactions of selected series take.", [.. Enumerable.Range(0, 14).Select(i => Math.Pow(2, i))]);
}
