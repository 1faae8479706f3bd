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

    internal void AddBytesSaved(long bytes) => Interlocked.Add(ref _recordBytesSaved, bytes);

    internal void AddWriteFailure() => Interlocked.Increment(ref _writesFailed);

    internal void AddTruncation() => Interlocked.Increment(ref _truncations);

    internal void AddTruncationFailure() => Interlocked.Increment(ref _truncationsFailed);

    internal void SetCurrentSegment(int segment) => Volatile.Write(ref _currentSegment, segment);
}
