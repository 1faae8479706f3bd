using Narthex.Instrumentation;
using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Compaction;

/// <summary>The metrics of blocks, under upstream's names but for the first counter, which is ours.</summary>
internal sealed class BlockSetMetrics
{
    public BlockSetMetrics(MetricRegistry registry, BlockSet set)
    {
        LoadsFailed = registry.CreateCounter("prometheus_tsdb_block_loads_failed_total", "Blocks that could not be opened and are left out of queries.");
        Reloads = registry.CreateCounter("prometheus_tsdb_reloads_total", "How often the blocks on disk were looked through.");
        ReloadFailures = registry.CreateCounter("prometheus_tsdb_reloads_failures_total", "How often that met a block or directory it could not read.");
        TimeRetentions = registry.CreateCounter("prometheus_tsdb_time_retentions_total", "How often blocks were deleted because of their age.");
        SizeRetentions = registry.CreateCounter("prometheus_tsdb_size_retentions_total", "How often blocks were deleted because of the size of the data.");
        Compactions = registry.CreateCounter("prometheus_tsdb_compactions_total", "Compactions begun.");
        CompactionsFailed = registry.CreateCounter("prometheus_tsdb_compactions_failed_total", "Compactions that failed.");
        CompactionsTriggered = registry.CreateCounter("prometheus_tsdb_compactions_triggered_total", "How often it was looked whether there is something to compact.");
        CompactionsSkipped = registry.CreateCounter("prometheus_tsdb_compactions_skipped_total", "How often that was left out because compaction is off.");
        VerticalCompactions = registry.CreateCounter("prometheus_tsdb_vertical_compactions_total", "Compactions of blocks that overlap.");
        Populating = registry.CreateGauge("prometheus_tsdb_compaction_populating_block", "Whether a block is being written now.");
        CompactionSeconds = registry.CreateHistogram("prometheus_tsdb_compaction_duration_seconds", "How long compactions take.", Exponential(1, 2, 14));
        ChunkBytes = registry.CreateHistogram("prometheus_tsdb_compaction_chunk_size_bytes", "Sizes of chunks when they are first compacted.", Exponential(32, 1.5, 12));
        ChunkSamples = registry.CreateHistogram("prometheus_tsdb_compaction_chunk_samples", "Samples in chunks when they are first compacted.", Exponential(4, 1.5, 12));
        ChunkSeconds = registry.CreateHistogram("prometheus_tsdb_compaction_chunk_range_seconds", "Time spans of chunks when they are first compacted.", Exponential(100, 4, 10));
        TombstoneCleanupSeconds = registry.CreateHistogram("prometheus_tsdb_tombstone_cleanup_seconds", "How long rewriting blocks without what is deleted takes.", [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);
        registry.AddGaugeCallback("prometheus_tsdb_blocks_loaded", "Open blocks.", () => set.Blocks.Count);
        registry.AddGaugeCallback("prometheus_tsdb_storage_blocks_bytes", "Bytes of all open blocks.", () => set.SizeBytes);
        registry.AddGaugeCallback("prometheus_tsdb_retention_limit_bytes", "How much disk the data may take; 0 for any.", () => set.Options.RetentionBytes);
    }

    public Counter LoadsFailed { get; }

    public Counter Reloads { get; }

    public Counter ReloadFailures { get; }

    public Counter TimeRetentions { get; }

    public Counter SizeRetentions { get; }

    public Counter Compactions { get; }

    public Counter CompactionsFailed { get; }

    public Counter CompactionsTriggered { get; }

    public Counter CompactionsSkipped { get; }

    public Counter VerticalCompactions { get; }

    public Gauge Populating { get; }

    public Histogram CompactionSeconds { get; }

    public Histogram TombstoneCleanupSeconds { get; }

    private Histogram ChunkBytes { get; }

    private Histogram ChunkSamples { get; }

    private Histogram ChunkSeconds { get; }

    /// <summary>Counts a chunk of a block from the head.</summary>
    public void ObserveChunk(in BlockChunk chunk)
    {
        ChunkBytes.Observe(chunk.Data.Length);
        ChunkSamples.Observe(chunk.SampleCount);
        ChunkSeconds.Observe((chunk.Range.MaxMs - chunk.Range.MinMs) / 1000.0);
    }

    private static double[] Exponential(double start, double factor, int count) =>
        [.. Enumerable.Range(0, count).Select(i => start * Math.Pow(factor, i))];
}
