using Microsoft.Extensions.Logging;
using Narthex.Instrumentation;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb;

/// <summary>A data directory: the head in memory and its write-ahead log. (Blocks will stand beside the head.)</summary>
/// <remarks>
/// Make it, then <see cref="OpenAsync(CancellationToken)"/> it, which replays the log and can take a while: until then it answers that it is not ready, while
/// <see cref="ReplayProgress"/> tells how far it is. All members are thread-safe. Disposing syncs the log; without it nothing
/// that was committed is lost either, save by a power cut.
/// </remarks>
public sealed class TsdbDatabase : IQueryableStorage, IAppendable, IAsyncDisposable
{
    private readonly TsdbOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DatabaseMetrics _metrics;
    private readonly WalMetrics _walMetrics = new();
    private readonly string _walDirectory;
    private readonly WalReplay _replay;
    private DirectoryLock? _lock;
    private WalWriter? _wal;
    private bool _opened;
    private volatile bool _ready;

    /// <summary>Makes a database over a directory, which is not touched before <see cref="OpenAsync(CancellationToken)"/>.</summary>
    public TsdbDatabase(string directory, TsdbOptions options, MetricRegistry metrics, TimeProvider time, ILogger logger)
    {
        DirectoryPath = directory;
        _options = options;
        _time = time;
        _logger = logger;
        _walDirectory = Path.Combine(directory, "wal");
        Head = new HeadStorage(new HeadOptions { ChunkRangeMs = (long)options.MinBlockDuration.TotalMilliseconds });
        _replay = new WalReplay(Head, _walDirectory, WalFileSystem.Instance, logger, time);
        _metrics = new DatabaseMetrics(metrics, this, _walMetrics, options.WalCompression, options.RetentionTime);
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
    public long MinTimeMs => Head.MinTimeMs;

    /// <summary>The newest sample's time in milliseconds; <see cref="long.MinValue"/> if there is none.</summary>
    public long MaxTimeMs => Head.MaxTimeMs;

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
        return Head.OpenQuerier(range);
    }

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
    public ValueTask DisposeAsync()
    {
        _opened = true;
        _ready = false;
        Head.Close();
        _wal?.Dispose();
        _lock?.Dispose();
        _lock = null;
        return ValueTask.CompletedTask;
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

        long start = _time.GetTimestamp();
        _replay.Run(cancellationToken);
        _metrics.ReplaySeconds = _time.GetElapsedTime(start).TotalSeconds;
        _metrics.WalCorruptions = _replay.Repaired ? 1 : 0;
        _metrics.UnknownSampleRefs = _replay.UnknownSampleRefs;
        _metrics.UnknownHistogramRefs = _replay.UnknownHistogramRefs;
        _wal = WalWriter.Open(_walDirectory, new WalWriterOptions
        {
            SegmentBytes = _options.WalSegmentBytes,
            Compression = _options.WalCompression,
            Metrics = _walMetrics,
            TimeProvider = _time,
        });
        if (_wal.RepairedTail is { } tail)
        {
            TsdbLog.TornTail(_logger, tail.Segment, tail.Offset, tail.Reason);
        }

        Head.AttachLog(_wal);
        _ready = true;
    }

    private void ThrowIfNotReady()
    {
        if (!_ready)
        {
            throw new StorageException("TSDB not ready");
        }
    }
}
