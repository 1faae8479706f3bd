using Narthex.Storage;
using Narthex.Tsdb.Wal;
using Narthex.Tsdb.Wal.Files;

namespace Narthex.Tsdb;

/// <content>The window for samples that come out of order, and their log.</content>
public sealed partial class TsdbDatabase
{
    private readonly Lock _outOfOrderLock = new();
    private readonly WalMetrics _outOfOrderLogMetrics = new();
    private WalWriter? _outOfOrderLog;
    private bool _outOfOrderOpened;

    private string OutOfOrderLogDirectory => Path.Combine(DirectoryPath, "wbl");

    /// <summary>
    /// Changes how much older than the newest sample of the head samples may be that come out of order
    /// (<c>storage.tsdb.out_of_order_time_window</c>); zero for none. What is stored already stays.
    /// </summary>
    /// <exception cref="StorageException">The log for them cannot be made; the window is as it was.</exception>
    public void SetOutOfOrderWindow(TimeSpan window)
    {
        lock (_outOfOrderLock)
        {
            // Before the opening there is nothing to be logged yet.
            if (window > TimeSpan.Zero && _outOfOrderOpened)
            {
                OpenOutOfOrderLog();
            }

            Head.SetOutOfOrderWindow((long)window.TotalMilliseconds);
        }
    }

    /// <summary>Writes all samples that came out of order into blocks of their own, as happens by itself after each compaction of the head.</summary>
    /// <exception cref="StorageException">It failed; nothing is lost.</exception>
    public void CompactOutOfOrder(CancellationToken cancellationToken = default) =>
        Administrate(token => OutOfOrderCompactor.Run(Head, _blocks!, token), cancellationToken);

    /// <summary>Replays the log if there is one, whatever the window is now: nothing that was acknowledged may be missing.</summary>
    private void OpenOutOfOrder(CancellationToken cancellationToken)
    {
        lock (_outOfOrderLock)
        {
            bool hasLog = Directory.Exists(OutOfOrderLogDirectory) && WalSegments.List(WalFileSystem.Instance, OutOfOrderLogDirectory).Count > 0;
            if (hasLog)
            {
                _replay.RunOutOfOrder(OutOfOrderLogDirectory, cancellationToken);
            }

            if (hasLog || Head.OutOfOrderWindowMs > 0)
            {
                OpenOutOfOrderLog();
            }

            _outOfOrderOpened = true;
        }
    }

    private void OpenOutOfOrderLog()
    {
        if (_outOfOrderLog is not null)
        {
            return;
        }

        WalWriter log = WalWriter.Open(OutOfOrderLogDirectory, new WalWriterOptions
        {
            SegmentBytes = _options.WalSegmentBytes,
            Compression = _options.WalCompression,
            Metrics = _outOfOrderLogMetrics,
            TimeProvider = _time,
        });
        if (log.RepairedTail is { } tail)
        {
            TsdbLog.TornTail(_logger, tail.Segment, tail.Offset, tail.Reason);
        }

        _outOfOrderLogMetrics.Register(_registry, log.GetSize, _options.WalCompression, "prometheus_tsdb_out_of_order_wbl_");
        _outOfOrderLog = log;
        Head.AttachOutOfOrderLog(log);
    }
}
