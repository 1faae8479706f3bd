using Narthex.Instrumentation;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb;

/// <summary>The database's own metrics, under upstream's names. Those that the head and the log count are read when they are collected.</summary>
internal sealed class DatabaseMetrics
{
    public DatabaseMetrics(MetricRegistry registry, TsdbDatabase database, WalMetrics wal, WalCompression walCompression)
    {
        HeadStorage head = database.Head;
        HeadCounters counters = head.Counters;
        Gauges(registry, database, head);
        head.OutOfOrderSeen = registry.CreateHistogram(
            "prometheus_tsdb_sample_ooo_delta",
            "By how many seconds samples that come out of order are older than the newest one, whether they are stored or not.",
            [600, 1800, 3600, 7200, 10_800, 21_600, 43_200]).Observe;
        ExemplarMetrics.Register(registry, head.Exemplars);
        Counters(registry, counters, head);
        wal.Register(registry, database.GetLogBytes, walCompression);
        registry.AddGaugeCallback("prometheus_tsdb_retention_limit_seconds", "How long samples are kept; 0 for ever.", () => database.Retention.Time.TotalSeconds);
        registry.AddGaugeCallback("prometheus_tsdb_retention_limit_percentage", "Which part of the file system the data may take; 0 for any.", () => database.Retention.Percentage);
        registry.AddGaugeCallback("prometheus_tsdb_clean_start", "Whether the last server ended cleanly: 1 yes, 0 no, -1 without a lock file.", () => CleanStart);
        registry.AddGaugeCallback("prometheus_tsdb_data_replay_duration_seconds", "How long it took to read the data on disk at the start.", () => ReplaySeconds);
        registry.AddCounterCallback("prometheus_tsdb_wal_corruptions_total", "Damaged places found in the write-ahead log.", () => WalCorruptions);
        registry.AddCounterCallback("prometheus_tsdb_mmap_chunks_total", "Chunks of the head written to files.", () => ChunkFiles?.ChunksWritten ?? 0);
        registry.AddCounterCallback("prometheus_tsdb_mmap_chunk_corruptions_total", "Damaged places found in the files of the head's chunks.", () => ChunkFiles?.Corruptions ?? 0);
        registry.AddCounterCallback("prometheus_tsdb_snapshot_replay_error_total", "Snapshots of the memory that could not be loaded.", () => SnapshotErrors);
        registry.AddGaugeCallback("prometheus_tsdb_head_chunks_storage_size_bytes", "Bytes of the files of the head's chunks.", () => ChunkFiles?.Bytes ?? 0);
        ByType(registry, "prometheus_tsdb_wal_replay_unknown_refs_total", "Replayed samples whose series was not in the log.", InstrumentKind.Counter, sink =>
        {
            sink.Value(["exemplars"], UnknownExemplarRefs);
            sink.Value(["histograms"], UnknownHistogramRefs);
            sink.Value(["metadata"], UnknownMetadataRefs);
            sink.Value(["samples"], UnknownSampleRefs);
            sink.Value(["tombstones"], UnknownTombstoneRefs);
        });
        ByType(registry, "prometheus_tsdb_wbl_replay_unknown_refs_total", "What the log of samples out of order had of series that were not in the log.", InstrumentKind.Counter, sink =>
        {
            sink.Value(["histograms"], UnknownOutOfOrderRefs.Histograms);
            sink.Value(["mmap_markers"], UnknownOutOfOrderRefs.Markers);
            sink.Value(["samples"], UnknownOutOfOrderRefs.Samples);
        });
    }

    /// <summary>The files of the head's full chunks, once they are open.</summary>
    public HeadChunkFiles? ChunkFiles { get; set; }

    public double SnapshotErrors { get; set; }

    public double CleanStart { get; set; }

    public double ReplaySeconds { get; set; }

    public double WalCorruptions { get; set; }

    public double UnknownSampleRefs { get; set; }

    public double UnknownHistogramRefs { get; set; }

    public double UnknownExemplarRefs { get; set; }

    public double UnknownMetadataRefs { get; set; }

    public double UnknownTombstoneRefs { get; set; }

    public (long Samples, long Histograms, long Markers) UnknownOutOfOrderRefs { get; set; }

    private static void Gauges(MetricRegistry registry, TsdbDatabase database, HeadStorage head)
    {
        registry.AddGaugeCallback("prometheus_tsdb_head_series", "Series in the head.", () => head.SeriesCount);
        registry.AddGaugeCallback("prometheus_tsdb_head_chunks", "Chunks in the head.", () => head.ChunkCount);
        registry.AddGaugeCallback("prometheus_tsdb_head_min_time", "Time of the oldest sample in the head, in milliseconds.", () => head.MinTimeMs);
        registry.AddGaugeCallback("prometheus_tsdb_head_max_time", "Time of the newest sample in the head, in milliseconds.", () => head.MaxTimeMs);
        registry.AddGaugeCallback("prometheus_tsdb_head_min_time_seconds", "Time of the oldest sample in the head, in seconds.", () => head.MinTimeMs / 1000);
        registry.AddGaugeCallback("prometheus_tsdb_head_max_time_seconds", "Time of the newest sample in the head, in seconds.", () => head.MaxTimeMs / 1000);
        registry.AddGaugeCallback("prometheus_tsdb_lowest_timestamp", "Time of the oldest sample in the database, in milliseconds.", () => database.MinTimeMs);
        registry.AddGaugeCallback("prometheus_tsdb_lowest_timestamp_seconds", "Time of the oldest sample in the database, in seconds.", () => database.MinTimeMs / 1000);
        registry.AddGaugeCallback("prometheus_tsdb_head_active_appenders", "Units of work that are being filled.", () => Volatile.Read(ref head.Counters.ActiveAppenders));
        registry.AddGaugeCallback("prometheus_tsdb_head_native_histogram_series", "Series in the head with native histograms.", () => head.Histograms.SeriesCount);
        registry.AddGaugeCallback("prometheus_tsdb_head_native_histogram_buckets", "Buckets of the newest native histograms of all series in the head.", () => head.Histograms.BucketCount);
        registry.AddGaugeCallback("prometheus_tsdb_head_stale_series", "Series in the head whose newest sample is a staleness marker.", () => head.StaleSeriesCount);
        registry.AddGaugeCallback("prometheus_tsdb_symbol_table_size_bytes", "Bytes of label names and values.", () => head.Index.Symbols.Bytes);
        registry.AddGaugeCallback("prometheus_tsdb_isolation_low_watermark", "Epoch of the oldest view that may be open.", () => head.OldestEpoch);
        registry.AddGaugeCallback("prometheus_tsdb_isolation_high_watermark", "Epoch of the newest view.", () => head.NewestEpoch);
    }

    private static void Counters(MetricRegistry registry, HeadCounters counters, HeadStorage head)
    {
        ByType(registry, "prometheus_tsdb_head_samples_appended_total", "Samples stored.", InstrumentKind.Counter, sink =>
        {
            sink.Value(["float"], Volatile.Read(ref counters.FloatSamplesAppended));
            sink.Value(["histogram"], Volatile.Read(ref counters.HistogramSamplesAppended));
        });
        ByType(registry, "prometheus_tsdb_out_of_order_samples_total", "Samples refused because they were older than the newest of their series.", InstrumentKind.Counter, sink =>
        {
            sink.Value(["float"], Volatile.Read(ref counters.OutOfOrderSamples));
            sink.Value(["histogram"], Volatile.Read(ref counters.OutOfOrderHistograms));
        });
        ByType(registry, "prometheus_tsdb_out_of_bound_samples_total", "Samples refused because they were older than what the head takes.", InstrumentKind.Counter, sink =>
        {
            sink.Value(["float"], Volatile.Read(ref counters.OutOfBoundSamples));
            sink.Value(["histogram"], Volatile.Read(ref counters.OutOfBoundHistograms));
        });
        ByType(registry, "prometheus_tsdb_too_old_samples_total", "Samples refused because they were out of order and older than the window for such.", InstrumentKind.Counter, sink =>
            sink.Value(["float"], Volatile.Read(ref counters.TooOldSamples)));
        ByType(registry, "prometheus_tsdb_head_out_of_order_samples_appended_total", "Samples stored that came out of order.", InstrumentKind.Counter, sink =>
        {
            sink.Value(["float"], Volatile.Read(ref counters.OutOfOrderFloatsAppended));
            sink.Value(["histogram"], Volatile.Read(ref counters.OutOfOrderHistogramsAppended));
        });
        registry.AddCounterCallback("prometheus_tsdb_head_series_created_total", "Series created in the head.", () => Volatile.Read(ref counters.SeriesCreated));
        registry.AddCounterCallback("prometheus_tsdb_head_series_removed_total", "Series removed from the head.", () => Volatile.Read(ref counters.SeriesRemoved));
        registry.AddCounterCallback("prometheus_tsdb_head_series_not_found_total", "Samples for series that were not there.", () => Volatile.Read(ref counters.SeriesNotFound));
        registry.AddCounterCallback("prometheus_tsdb_head_chunks_created_total", "Chunks begun in the head.", () => Volatile.Read(ref head.Chunks.ChunksCreated) + head.Histograms.ChunksCreated);
        registry.AddCounterCallback("prometheus_tsdb_head_chunks_removed_total", "Chunks removed from the head.", () => Volatile.Read(ref counters.ChunksRemoved) + head.Histograms.ChunksRemoved);
        registry.AddCounterCallback("prometheus_tsdb_head_appenders_created_total", "Appenders opened.", () => Volatile.Read(ref counters.AppendersCreated));
    }

    private static void ByType(MetricRegistry registry, string name, string help, InstrumentKind kind, Action<IMetricSink> collect) =>
        registry.AddCollector(new FamilyDescription(name, help, kind, ["type"]), collect);
}
