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

    /// <summary>How long samples are kept (<c>--storage.tsdb.retention.time</c>); zero for ever.</summary>
    public TimeSpan RetentionTime { get; init; } = TimeSpan.FromDays(15);

    /// <summary>How many exemplars are kept (<c>storage.exemplars.max_exemplars</c>); 0 without <c>--enable-feature=exemplar-storage</c>.</summary>
    public long MaxExemplars { get; init; }

    /// <summary>Whether metadata of series is kept and logged (<c>--enable-feature=metadata-wal-records</c>).</summary>
    public bool KeepMetadata { get; init; }
}
