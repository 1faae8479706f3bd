using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb.Wal;

/// <summary>How a log is written.</summary>
public sealed record WalWriterOptions
{
    /// <summary>The length at which a segment is full. A multiple of the page, 32 KiB.</summary>
    public long SegmentBytes { get; init; } = 128L << 20;

    /// <summary>How records are compressed.</summary>
    public WalCompression Compression { get; init; } = WalCompression.Snappy;

    /// <summary>Where the files are.</summary>
    public IWalFileSystem Files { get; init; } = WalFileSystem.Instance;

    /// <summary>What happened is counted here.</summary>
    public WalMetrics Metrics { get; init; } = new();

    /// <summary>The clock that measures syncs.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>What reads and writes records that are compressed with zstd; null without it.</summary>
    internal Func<ZstdLibrary?> Zstd { get; init; } = static () => ZstdLibrary.System;
}
