using Microsoft.Extensions.Logging;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Compression;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.Series;
using Narthex.Tsdb.Snapshots;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb;

/// <summary>A data directory: blocks, and the head in memory with its write-ahead log.</summary>
/// <remarks>
/// Make it, then <see cref="OpenAsync(CancellationToken)"/> it, which replays the log and can take a while: until then it answers that it is not ready, while
/// <see cref="ReplayProgress"/> tells how far it is. All members are thread-safe. Disposing syncs the log; without it nothing
/// that was committed is lost either, save by a power cut.
/// </remarks>
public sealed partial class TsdbDatabase : IQueryableStorage, IAppendable, IAsyncDisposable
{
    private static readonly string[] s_headDirectories = ["wal", "wbl"];

    private readonly TsdbOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DatabaseMetrics _metrics;
    private readonly WalMetrics _walMetrics = new();
    private readonly string _walDirectory;
    private readonly WalReplay _replay;
    private readonly MetricRegistry _registry;
    private readonly LifecycleMetrics _lifecycleMetrics;
    private RetentionLimits _retention;
    private BlockSet? _blocks;
    private StaleSeriesCompactor? _staleSeries;
    private double _staleSeriesThreshold;
    private Maintenance? _maintenance;
    private ReadPages? _readPages;
    private DirectoryLock? _lock;
    private WalWriter? _wal;
    private bool _opened;
    private bool _disposed;
    private volatile bool _ready;

    /// <summary>Makes a database over a directory, which is not touched before <see cref="OpenAsync(CancellationToken)"/>.</summary>
    public TsdbDatabase(string directory, TsdbOptions options, MetricRegistry metrics, TimeProvider time, ILogger logger)
    {
        DirectoryPath = directory;
        _options = options;
        _retention = options.Retention;
        _registry = metrics;
        _time = time;
        _logger = logger;
        _walDirectory = Path.Combine(directory, "wal");
        Head = new HeadStorage(new HeadOptions
        {
            ChunkRangeMs = (long)options.MinBlockDuration.TotalMilliseconds,
            SamplesPerChunk = options.SamplesPerChunk > 0 ? options.SamplesPerChunk : ChunkCutting.SamplesTarget,
            MaxExemplars = options.MaxExemplars,
            KeepMetadata = options.KeepMetadata,
            FloatEncoding = options.FloatEncoding,
            KeepStartTimestamps = options.KeepStartTimestamps,
            HistogramsWithStarts = options.HistogramsWithStarts,
            StartTimestampsAsZeros = options.StartTimestampsAsZeros,
        });
        Head.SetOutOfOrderWindow((long)options.OutOfOrderWindow.TotalMilliseconds);
        _replay = new WalReplay(Head, _walDirectory, WalFileSystem.Instance, logger, time);
        _metrics = new DatabaseMetrics(metrics, this, _walMetrics, options.WalCompression);
        _lifecycleMetrics = new LifecycleMetrics(metrics);
        if (options.ChunkWriteQueueSize > 0)
        {
            ChunkQueueMetrics.Register(metrics, Head);
        }
    }

    /// <summary>The data directory.</summary>
    public string DirectoryPath { get; }

    /// <summary>The samples in memory.</summary>
    public HeadStorage Head { get; }

    /// <summary>Whether it can be read and written.</summary>
    public bool IsReady => _ready;

    /// <summary>How far reading the log is, or was.</summary>
    public WalReplayProgress ReplayProgress => _replay.Progress;

    /// <summary>The oldest sample's time in milliseconds; <see cref="long.MaxValue"/> if there is none.</summary>
    public long MinTimeMs => Math.Min(_blocks?.MinTimeMs ?? long.MaxValue, Head.MinTimeMs);

    /// <summary>The newest sample's time in milliseconds; <see cref="long.MinValue"/> if there is none.</summary>
    public long MaxTimeMs => Head.MaxTimeMs == long.MinValue && _blocks is { Blocks.Count: > 0 } blocks ? blocks.MaxTimeMs - 1 : Head.MaxTimeMs;

    /// <summary>What the blocks say of themselves, ascending by their first instant.</summary>
    public IReadOnlyList<BlockMeta> Blocks => _blocks is { } blocks ? [.. blocks.Blocks.Select(block => block.Meta)] : [];

    /// <summary>How long and how much is kept.</summary>
    public RetentionLimits Retention => Volatile.Read(ref _retention);

    /// <summary>Makes a database and opens it.</summary>
    /// <exception cref="StorageException">It cannot be opened.</exception>
    public static async Task<TsdbDatabase> OpenAsync(
        string directory, TsdbOptions options, MetricRegistry metrics, TimeProvider time, ILogger logger, CancellationToken cancellationToken = default)
    {
        var database = new TsdbDatabase(directory, options, metrics, time, logger);
        try
        {
            await database.OpenAsync(cancellationToken).ConfigureAwait(false);
            return database;
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Locks the directory, replays the log and starts a new segment of it. Once.</summary>
    /// <exception cref="StorageException">It cannot be opened; the message says why.</exception>
    public Task OpenAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_opened, this);
        _opened = true;
        return Task.Run(() => Open(cancellationToken), cancellationToken);
    }

    /// <inheritdoc/>
    public IQuerier OpenQuerier(TimeRange range)
    {
        ThrowIfNotReady();

        // The head first: what it hands over to a block meanwhile is then seen in one of them at least.
        IQuerier head = Head.OpenQuerier(range);
        try
        {
            IReadOnlyList<IQuerier> blocks = _blocks!.OpenQueriers(range);
            return blocks.Count == 0 ? head : MergedQuerier.Over([.. blocks, head]);
        }
        catch
        {
            head.Dispose();
            throw;
        }
    }

    /// <summary>Replaces the limits; the next look through the blocks applies them.</summary>
    public void SetRetention(RetentionLimits limits)
    {
        Volatile.Write(ref _retention, limits);
        if (_blocks is { } blocks)
        {
            blocks.Options = blocks.Options with { RetentionTime = limits.Time, RetentionBytes = limits.GetBytes(DirectoryPath) };
        }
    }

    /// <summary>
    /// Sets the share of stale series in the head from which on they are moved into blocks before their time
    /// (<c>storage.tsdb.stale_series_compaction_threshold</c>); 0 for never.
    /// </summary>
    public void SetStaleSeriesCompactionThreshold(double share)
    {
        _staleSeriesThreshold = share;
        if (_staleSeries is { } compactor)
        {
            compactor.Threshold = share;
        }
    }

    /// <summary>Looks through the blocks and compacts what is due now, as happens by itself in the background. False if something failed, which is logged.</summary>
    public bool Maintain(CancellationToken cancellationToken = default)
    {
        ThrowIfNotReady();
        return _maintenance!.Run(cancellationToken);
    }

    /// <summary>Has a call whenever the log was truncated, before samples out of order go into blocks.</summary>
    internal void OnLogTruncated(Action action) => _maintenance!.LogTruncated = action;

    /// <summary>Does something while nothing is compacted, truncated or deleted.</summary>
    internal void PauseMaintenance(Action action) => _maintenance!.Exclusively(action, CancellationToken.None);

    /// <inheritdoc/>
    public IAppender OpenAppender()
    {
        ThrowIfNotReady();
        return Head.OpenAppender();
    }

    /// <summary>Counts series by labels, the <paramref name="limit"/> greatest of each kind. Nobody waits for it.</summary>
    public TsdbStatistics GetStatistics(int limit) => HeadStatistics.Collect(Head, limit);

    /// <summary>The bytes of the write-ahead log on disk.</summary>
    public long GetLogBytes() => _ready ? _wal!.GetSize() : 0;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _opened = true;
        _ready = false;
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_maintenance is not null)
        {
            await _maintenance.DisposeAsync().ConfigureAwait(false);
        }

        if (_readPages is not null)
        {
            await _readPages.DisposeAsync().ConfigureAwait(false);
        }

        Head.Close();
        await CloseHeadFilesAsync().ConfigureAwait(false); // Before the log: a snapshot names its end.
        _wal?.Dispose();
        _outOfOrderLog?.Dispose();
        _blocks?.Dispose();
        _lock?.Dispose();
    }

    private void Open(CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(DirectoryPath);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StorageException($"create data directory {DirectoryPath}: {error.Message}", error);
        }

        if (_options.WalCompression == WalCompression.Zstd && ZstdLibrary.System is null)
        {
            // Before anything is touched.
            ZstdLibrary.ThrowMissing("open write-ahead log");
        }

        _metrics.CleanStart = -1;
        if (!_options.NoLockfile)
        {
            _lock = DirectoryLock.Take(DirectoryPath);
            _metrics.CleanStart = _lock.WasThere ? 0 : 1;
            if (_lock.WasThere)
            {
                TsdbLog.LockReplaced(_logger, Path.Combine(DirectoryPath, "lock"));
            }
        }

        _blocks = BlockSet.Open(DirectoryPath, BlockOptions(), _registry, _time, _logger);
        _staleSeries = new StaleSeriesCompactor(Head, _blocks, _registry, _logger, _time) { Threshold = _staleSeriesThreshold };

        // What is older than the newest block is in blocks, or was dropped with the head; the log may still have it.
        Head.BeginAt(_blocks.InOrderMaxTimeMs);
        long start = _time.GetTimestamp();
        Task<CheckedSnapshot?> snapshot = Task.Run(() => FindSnapshot(cancellationToken), CancellationToken.None);
        bool chunksAreSound = LoadChunkFiles(_blocks.InOrderMaxTimeMs);
        if (!LoadSnapshot(snapshot, chunksAreSound, cancellationToken))
        {
            _replay.Run(cancellationToken);
        }

        OpenOutOfOrder(cancellationToken);
        _replay.FinishEvictions();
        Head.FinishReplayingDeletions();
        _metrics.ReplaySeconds = _time.GetElapsedTime(start).TotalSeconds;
        _metrics.WalCorruptions = (_replay.Repaired ? 1 : 0) + (_replay.OutOfOrderRepaired ? 1 : 0);
        _metrics.UnknownSampleRefs = _replay.UnknownSampleRefs;
        _metrics.UnknownHistogramRefs = _replay.UnknownHistogramRefs;
        _metrics.UnknownExemplarRefs = _replay.UnknownExemplarRefs;
        _metrics.UnknownMetadataRefs = _replay.UnknownMetadataRefs;
        _metrics.UnknownTombstoneRefs = _replay.UnknownTombstoneRefs;
        _metrics.UnknownOutOfOrderRefs = _replay.UnknownOutOfOrderRefs;
        var walOptions = new WalWriterOptions
        {
            SegmentBytes = _options.WalSegmentBytes,
            Compression = _options.WalCompression,
            Metrics = _walMetrics,
            TimeProvider = _time,
        };
        _wal = WalWriter.Open(_walDirectory, walOptions);
        if (_wal.RepairedTail is { } tail)
        {
            TsdbLog.TornTail(_logger, tail.Segment, tail.Offset, tail.Reason);
        }

        Head.AttachLog(_wal);
        _snapshots = new SnapshotWriting(
            Head, DirectoryPath, _options.SnapshotLogBytes, new WalWriterOptions { Compression = _options.WalCompression, TimeProvider = _time }, _logger, _time);
        var log = new LogTruncation(Head, _wal, walOptions, _lifecycleMetrics, _logger, _time);
        _maintenance = new Maintenance(Head, _blocks, log, _options, _lifecycleMetrics, _logger, _time) { StaleSeries = _staleSeries, Snapshots = _snapshots };
        _chunkWriting = new ChunkWriting(Head, _options.ChunkWriteQueueSize, _logger, _time);
        _ready = true;
        _maintenance.Start();
        _chunkWriting.Start();
        _readPages = new ReadPages(Head, _blocks, _time);
    }

    private BlockSetOptions BlockOptions()
    {
        RetentionLimits retention = Retention;
        return new BlockSetOptions
        {
            MinBlockDuration = _options.MinBlockDuration,
            MaxBlockDuration = _options.GetMaxBlockDuration(),
            RetentionTime = retention.Time,
            RetentionBytes = retention.GetBytes(DirectoryPath),
            OtherBytes = GetHeadBytes,
            MergeOverlapping = _options.MergeOverlappingBlocks,
            ChunkSegmentBytes = _options.ChunkSegmentBytes,
            IsHeldBack = _options.UploadedBlocksFile.Length > 0 ? new UploadedBlocks(_options.UploadedBlocksFile, _logger).IsHeldBack : null,
        };
    }

    // Read from the disk, so that whatever the head keeps there counts.
    private long GetHeadBytes()
    {
        long bytes = _chunkFiles?.Bytes ?? 0;
        IEnumerable<string> directories = s_headDirectories.Select(name => Path.Combine(DirectoryPath, name));
        if (MemorySnapshot.FindLast(DirectoryPath, WalFileSystem.Instance) is { } snapshot)
        {
            directories = directories.Append(snapshot.Path);
        }

        foreach (DirectoryInfo directory in directories.Select(path => new DirectoryInfo(path)).Where(directory => directory.Exists))
        {
            bytes += directory.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        }

        return bytes;
    }

    private void ThrowIfNotReady()
    {
        if (!_ready)
        {
            throw new StorageException("TSDB not ready");
        }
    }
}
