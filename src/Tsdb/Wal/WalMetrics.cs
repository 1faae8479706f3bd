using Narthex.Instrumentation;

namespace Narthex.Tsdb.Wal;

/// <summary>Counts what a log does. Readable from any thread.</summary>
public sealed class WalMetrics
{
    private long _pageFlushes;
    private long _pagesCompleted;
    private long _truncations;
    private long _truncationsFailed;
    private long _writesFailed;
    private long _recordPartWrites;
    private long _recordPartBytes;
    private long _recordBytesSaved;
    private long _currentSegment = -1;
    private Counter? _savedBytesCounter;

    /// <summary>Writes to the current segment.</summary>
    public long PageFlushes => Volatile.Read(ref _pageFlushes);

    /// <summary>Pages that were filled.</summary>
    public long PagesCompleted => Volatile.Read(ref _pagesCompleted);

    /// <summary>Attempts to drop old segments.</summary>
    public long Truncations => Volatile.Read(ref _truncations);

    /// <summary>Failed attempts to drop old segments.</summary>
    public long TruncationsFailed => Volatile.Read(ref _truncationsFailed);

    /// <summary>Groups of records that could not be written.</summary>
    public long WritesFailed => Volatile.Read(ref _writesFailed);

    /// <summary>Fragments written.</summary>
    public long RecordPartWrites => Volatile.Read(ref _recordPartWrites);

    /// <summary>Bytes of fragments written, headers included.</summary>
    public long RecordPartBytes => Volatile.Read(ref _recordPartBytes);

    /// <summary>Bytes that compression saved.</summary>
    public long RecordBytesSaved => Volatile.Read(ref _recordBytesSaved);

    /// <summary>The segment being written; -1 before the log is open.</summary>
    public long CurrentSegment => Volatile.Read(ref _currentSegment);

    /// <summary>Called with the seconds that each sync took.</summary>
    public Action<double>? SyncObserved { get; set; }

    /// <summary>Exports the metrics under the names that upstream gives them.</summary>
    /// <param name="registry">Where to.</param>
    /// <param name="size">The bytes of the log on disk, see <see cref="WalWriter.GetSize"/>; asked at each scrape.</param>
    /// <param name="compression">How the log is compressed.</param>
    /// <param name="prefix">What the names begin with: another one for the out-of-order log.</param>
    public void Register(MetricRegistry registry, Func<long> size, WalCompression compression, string prefix = "prometheus_tsdb_wal_")
    {
        Summary syncs = registry.CreateSummary(prefix + "fsync_duration_seconds", "How long syncs of the write-ahead log took.", [0.5, 0.9, 0.99]);
        SyncObserved = syncs.Observe;
        registry.AddCounterCallback(prefix + "page_flushes_total", "Writes to the write-ahead log.", () => PageFlushes);
        registry.AddCounterCallback(prefix + "completed_pages_total", "Pages of the write-ahead log that were filled.", () => PagesCompleted);
        registry.AddCounterCallback(prefix + "truncations_total", "Attempts to drop old segments of the write-ahead log.", () => Truncations);
        registry.AddCounterCallback(
            prefix + "truncations_failed_total", "Failed attempts to drop old segments of the write-ahead log.", () => TruncationsFailed);
        registry.AddGaugeCallback(prefix + "segment_current", "Number of the write-ahead log segment being written.", () => CurrentSegment);
        registry.AddCounterCallback(prefix + "writes_failed_total", "Writes to the write-ahead log that failed.", () => WritesFailed);
        registry.AddGaugeCallback(prefix + "storage_size_bytes", "Bytes of the write-ahead log on disk.", () => size());
        registry.AddCounterCallback(prefix + "record_part_writes_total", "Parts of records written to the write-ahead log.", () => RecordPartWrites);
        registry.AddCounterCallback(
            prefix + "record_parts_bytes_written_total", "Bytes of record parts written, checksums and headers included.", () => RecordPartBytes);
        if (compression != WalCompression.None)
        {
            _savedBytesCounter = registry.CreateCounterFamily(
                prefix + "record_bytes_saved_total", "Bytes of records saved by compression.", "compression").WithLabels(compression == WalCompression.Zstd ? "zstd" : "snappy");
        }
    }

    internal void AddFlush(long pagesCompleted)
    {
        Interlocked.Increment(ref _pageFlushes);
        Interlocked.Add(ref _pagesCompleted, pagesCompleted);
    }

    internal void AddRecordParts(long parts, long bytes)
    {
        Interlocked.Add(ref _recordPartWrites, parts);
        Interlocked.Add(ref _recordPartBytes, bytes);
    }

    internal void AddBytesSaved(long bytes)
    {
        Interlocked.Add(ref _recordBytesSaved, bytes);
        _savedBytesCounter?.Increment(bytes);
    }

    internal void AddWriteFailure() => Interlocked.Increment(ref _writesFailed);

    internal void AddTruncation() => Interlocked.Increment(ref _truncations);

    internal void AddTruncationFailure() => Interlocked.Increment(ref _truncationsFailed);

    internal void SetCurrentSegment(int segment) => Volatile.Write(ref _currentSegment, segment);
}
