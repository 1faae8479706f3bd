using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb;

/// <summary>How the database behaves. The defaults are upstream's.</summary>
public sealed record TsdbOptions
{
    /// <summary>Whether to do without the lock file (<c>--storage.tsdb.no-lockfile</c>).</summary>
    public bool NoLockfile { get; init; }

    /// <summary>The length of log segments (<c>--storage.tsdb.wal-segment-size</c>).</summary>
    public long WalSegmentBytes { get; init; } = 128L << 20;

    /// <summary>How the log is compressed (<c>--storage.tsdb.wal-compression</c>).</summary>
    public WalCompression WalCompression { get; init; } = WalCompression.Snappy;

    /// <summary>The range that chunks and the first blocks are aligned to (<c>--storage.tsdb.min-block-duration</c>).</summary>
    public TimeSpan MinBlockDuration { get; init; } = TimeSpan.FromHours(2);

    /// <summary>The greatest length of compacted blocks (<c>--storage.tsdb.max-block-duration</c>); zero for a tenth of the retention, 31 days at most.</summary>
    public TimeSpan MaxBlockDuration { get; init; }

    /// <summary>The most bytes of one file of a block's chunks (<c>--storage.tsdb.max-block-chunk-segment-size</c>).</summary>
    public long ChunkSegmentBytes { get; init; } = BlockSetOptions.ChunkSegmentBytesDefault;

    /// <summary>Whether blocks that overlap are compacted with each other (<c>--storage.tsdb.allow-overlapping-compaction</c>).</summary>
    public bool MergeOverlappingBlocks { get; init; } = true;

    /// <summary>How often the blocks on disk are looked through, and whether there is something to compact (<c>--storage.tsdb.block-reload-interval</c>).</summary>
    public TimeSpan BlockReloadInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The share of the block range by which compactions of the head are held back at most, at random; zero for not at all.</summary>
    public double CompactionDelayShareMax { get; init; }

    /// <summary>
    /// The file in which Thanos' shipper names the blocks that it has uploaded: blocks of the first level are not compacted
    /// before (<c>--storage.tsdb.delay-compact-file.path</c>). Empty for none.
    /// </summary>
    public string UploadedBlocksFile { get; init; } = "";

    /// <summary>How long and how much is kept. May be changed later: <see cref="TsdbDatabase.SetRetention"/>.</summary>
    public RetentionLimits Retention { get; init; } = RetentionLimits.Default;

    /// <summary>The number of samples that chunks aim at (<c>--storage.tsdb.samples-per-chunk</c>); zero for 120.</summary>
    public int SamplesPerChunk { get; init; }

    /// <summary>How many full chunks may wait in memory before they are written ahead of the usual time (<c>--storage.tsdb.head-chunks-write-queue-size</c>); zero for 4096.</summary>
    public int ChunkWriteQueueSize { get; init; }

    /// <summary>How many exemplars are kept (<c>storage.exemplars.max_exemplars</c>); 0 without <c>--enable-feature=exemplar-storage</c>.</summary>
    public long MaxExemplars { get; init; }

    /// <summary>Whether metadata of series is kept and logged (<c>--enable-feature=metadata-wal-records</c>).</summary>
    public bool KeepMetadata { get; init; }

    /// <summary>How much older than the newest sample samples may be that come out of order (<c>storage.tsdb.out_of_order_time_window</c>). May be changed later: <see cref="TsdbDatabase.SetOutOfOrderWindow"/>.</summary>
    public TimeSpan OutOfOrderWindow { get; init; }

    /// <summary>
    /// How float samples are encoded (<c>storage.tsdb.chunk_encoding.floats</c>). May be changed later: <see cref="TsdbDatabase.SetFloatEncoding"/>.
    /// </summary>
    public ChunkEncoding FloatEncoding { get; init; } = ChunkEncoding.Xor;

    /// <summary>Whether start timestamps are kept beside samples (<c>--enable-feature=st-storage</c>). Floats must then be encoded as XOR2.</summary>
    public bool KeepStartTimestamps { get; init; }

    /// <summary>Whether native histograms are encoded so that they can have start timestamps (<c>--enable-feature=histograms-st-encoding</c>).</summary>
    public bool HistogramsWithStarts { get; init; }

    /// <summary>Whether start timestamps become samples of their own, with the value zero (<c>--enable-feature=created-timestamp-zero-ingestion</c>).</summary>
    public bool StartTimestampsAsZeros { get; init; }

    /// <summary>Whether closing leaves a snapshot of the memory, from which the next opening is quick. Upstream has it behind <c>--enable-feature=memory-snapshot-on-shutdown</c>.</summary>
    public bool SnapshotOnClose { get; init; }

    /// <summary>
    /// How many bytes the log grows before a snapshot of the memory is written while the database is open, so that little of the log has to be read after a kill; it
    /// is more where the snapshot is large. 0 for none.
    /// </summary>
    public long SnapshotLogBytes { get; init; }

    internal TimeSpan GetMaxBlockDuration()
    {
        var longest = TimeSpan.FromDays(31);
        TimeSpan tenth = Retention.Time > TimeSpan.Zero && Retention.Time / 10 < longest ? Retention.Time / 10 : longest;
        TimeSpan max = MaxBlockDuration > TimeSpan.Zero ? MaxBlockDuration : tenth;
        return max > MinBlockDuration ? max : MinBlockDuration;
    }
}
