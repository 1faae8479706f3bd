using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Snapshots;

namespace Narthex.Tsdb;

/// <summary>Keeps a database in shape in the background: moves what is old from the head into blocks, truncates head and log, compacts blocks, applies retention.</summary>
/// <remarks>
/// One round runs at a time: each <see cref="TsdbOptions.BlockReloadInterval"/>, and as soon as a commit has made the head long enough. What fails
/// is logged and counted, leaves everything as it was, and is tried again, less and less often.
/// </remarks>
internal sealed class Maintenance : IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(1);

    private readonly HeadStorage _head;
    private readonly BlockSet _blocks;
    private readonly LogTruncation _log;
    private readonly TsdbOptions _options;
    private readonly LifecycleMetrics _metrics;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CompactionDelay _delay;
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _round = new(1);
    private ITimer? _timer;
    private Task _loop = Task.CompletedTask;

    public Maintenance(
        HeadStorage head, BlockSet blocks, LogTruncation log, TsdbOptions options, LifecycleMetrics metrics, ILogger logger, TimeProvider time)
    {
        _head = head;
        _blocks = blocks;
        _log = log;
        _options = options;
        _metrics = metrics;
        _logger = logger;
        _time = time;
        _delay = new CompactionDelay(options, time);
    }

    /// <summary>Cancelled when the database is being closed.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Moves stale series; null if it is never asked to.</summary>
    public StaleSeriesCompactor? StaleSeries { get; init; }

    /// <summary>Writes snapshots of the memory; null if it is never asked to.</summary>
    public SnapshotWriting? Snapshots { get; init; }

    /// <summary>Called behind a truncation of the log, before samples out of order go into blocks: the worst instant to be killed at.</summary>
    public Action? LogTruncated { get; set; }

    /// <summary>Begins the rounds.</summary>
    public void Start()
    {
        _head.OnCompactable(() => _wake.Writer.TryWrite(true));
        _loop = Task.Run(LoopAsync);
        _timer = _time.CreateTimer(_ => _wake.Writer.TryWrite(true), null, _options.BlockReloadInterval, _options.BlockReloadInterval);
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Makes one round now, or waits for the one at work and then makes one. False if something failed, which is logged.</summary>
    public bool Run(CancellationToken cancellationToken)
    {
        _round.Wait(cancellationToken);
        try
        {
            _blocks.Reload();
            CompactHead(cancellationToken);
            StaleSeries?.Run(cancellationToken);
            Snapshots?.RunIfDue();
            CompactBlocks(cancellationToken);
            Snapshots?.RunIfDue();
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops; what was half done has left no trace.
            return true;
        }
        catch (Exception error) when (error is StorageException or IOException or UnauthorizedAccessException)
        {
            TsdbLog.CompactionFailed(_logger, error.Message);
            return false;
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // A bug, perhaps met by damaged data. To give up for ever would be worse: the head would grow and nothing be deleted.
            TsdbLog.CompactionFailed(_logger, error.ToString());
            return false;
        }
        finally
        {
            _head.RearmCompactable();
            _round.Release();
        }
    }

    /// <summary>Runs something while no round is at work.</summary>
    public void Exclusively(Action action, CancellationToken cancellationToken)
    {
        _round.Wait(cancellationToken);
        try
        {
            action();
        }
        finally
        {
            _round.Release();
        }
    }

    /// <summary>Ends the round at work as soon as it can be ended, and makes no more.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _wake.Writer.TryComplete();
        await _loop.ConfigureAwait(false);

        // Whoever runs a round by hand is waited for; nobody gets in afterwards.
        await _round.WaitAsync().ConfigureAwait(false);
    }

    private async Task LoopAsync()
    {
        TimeSpan pause = s_firstPause;
        try
        {
            while (await _wake.Reader.WaitToReadAsync(_stopping.Token).ConfigureAwait(false))
            {
                _wake.Reader.TryRead(out _);
                if (Run(_stopping.Token))
                {
                    pause = s_firstPause;
                    continue;
                }

                await Task.Delay(pause, _time, _stopping.Token).ConfigureAwait(false);
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                _wake.Writer.TryWrite(true);
            }
        }
        catch (OperationCanceledException)
        {
            // The database is being closed.
        }
        catch (Exception error)
        {
            // Without it the head grows for ever: nobody must overlook that.
            TsdbLog.MaintenanceDied(_logger, error);
            throw;
        }
    }

    private void CompactHead(CancellationToken cancellationToken)
    {
        long truncatedMs = long.MinValue;
        while (IsHeadDue())
        {
            TimeRange range = HeadCompactor.OldestRange(_head);
            using (var source = new HeadBlockSource(_head, range, cancellationToken))
            {
                _blocks.WriteBlock(source, range.MinMs, range.MaxMs + 1, cancellationToken: cancellationToken);
            }

            // First the block can be seen, then the head's part cannot: whoever opens a view in between sees both, which counts once.
            truncatedMs = range.MaxMs + 1;
            TruncateHead(truncatedMs);
        }

        if (truncatedMs != long.MinValue)
        {
            StaleSeries?.OnHeadCompacted();
            _log.Run(truncatedMs);
            LogTruncated?.Invoke();
            OutOfOrderCompactor.Run(_head, _blocks, cancellationToken);
        }
    }

    private bool IsHeadDue()
    {
        if (!HeadCompactor.IsDue(_head))
        {
            return false;
        }

        return _delay.IsOver(_head);
    }

    private void TruncateHead(long minTimeMs)
    {
        long start = _time.GetTimestamp();
        _metrics.HeadTruncations.Increment();
        _head.Truncate(minTimeMs);
        TimeSpan duration = _time.GetElapsedTime(start);
        _metrics.HeadCollectionSeconds.Observe(duration.TotalSeconds);
        TsdbLog.HeadTruncated(_logger, "truncateMemory", GoDuration.Format(duration));
    }

    private void CompactBlocks(CancellationToken cancellationToken)
    {
        while (_blocks.CompactOnce(cancellationToken))
        {
            // The head comes first: it grows while blocks are merged.
            CompactHead(cancellationToken);
        }
    }
}
