using Microsoft.Extensions.Logging;
using Narthex.Storage;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Wal;

namespace Narthex.Tsdb;

/// <summary>Replaces the older part of the log by a checkpoint of what is still needed of it.</summary>
/// <remarks>
/// A kill at any step loses nothing: the checkpoint appears whole, by a rename; replay begins with the newest one and ignores the segments
/// that it stands for, whether they are deleted already or not; older checkpoints go last.
/// </remarks>
internal sealed class LogTruncation(HeadStorage head, WalWriter wal, WalWriterOptions options, LifecycleMetrics metrics, ILogger logger, TimeProvider time)
{
    private int _lastTruncatedTo = -1;

    /// <summary>Drops samples before <paramref name="minTimeMs"/> and dead series from the older two thirds of the log. What fails is logged and tried again next time.</summary>
    public void Run(long minTimeMs)
    {
        long start = time.GetTimestamp();
        try
        {
            IReadOnlyList<WalSegment> segments = WalSegments.List(options.Files, wal.DirectoryPath);
            if (segments.Count == 0)
            {
                return;
            }

            // A new segment, so that there is something to drop on a server with little load too.
            int current = wal.CutSegment();
            int first = segments[0].Index;
            int last = first + ((current - 1 - first) * 2 / 3);
            if (last <= first || last <= _lastTruncatedTo)
            {
                return;
            }

            WriteCheckpoint(first, last, minTimeMs);
            wal.TruncateBefore(last + 1);
            _lastTruncatedTo = last;
            DeleteCheckpoints(last);
            metrics.LogTruncationSeconds.Observe(time.GetElapsedTime(start).TotalSeconds);
        }
        catch (Exception error) when (error is StorageException or WalCorruptionException)
        {
            TsdbLog.LogTruncationFailed(logger, error);
        }
    }

    private void WriteCheckpoint(int first, int last, long minTimeMs)
    {
        TsdbLog.CheckpointCreating(logger, first, last, minTimeMs);
        metrics.CheckpointCreations.Increment();
        try
        {
            // Samples out of order may be older than all that, and their log does not say that they are deleted.
            long minTombstoneMs = Math.Min(minTimeMs, head.OutOfOrder.Range.MinMs);
            CheckpointWriter.Write(wal.DirectoryPath, last, head.WalRefs.GetNeededNumbers(head, minTimeMs), minTimeMs, options, minTombstoneMs);
        }
        catch
        {
            metrics.CheckpointCreationsFailed.Increment();
            throw;
        }
    }

    private void DeleteCheckpoints(int last)
    {
        metrics.CheckpointDeletions.Increment();
        try
        {
            CheckpointDirectory.DeleteBefore(wal.DirectoryPath, last, options.Files);
        }
        catch
        {
            metrics.CheckpointDeletionsFailed.Increment();
            throw;
        }
    }
}
