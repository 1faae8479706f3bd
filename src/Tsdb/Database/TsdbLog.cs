using Microsoft.Extensions.Logging;

namespace Narthex.Tsdb;

/// <summary>The database's log messages: the texts and keys that operators search for are upstream's.</summary>
internal static partial class TsdbLog
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Information, Message = "Replaying WAL, this may take a while")]
    public static partial void ReplayStarted(ILogger logger);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Information, Message = "WAL checkpoint loaded")]
    public static partial void CheckpointLoaded(ILogger logger);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Information, Message = "WAL segment loaded {segment} {maxSegment}")]
    public static partial void SegmentLoaded(ILogger logger, int segment, int maxSegment);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Information, Message = "WAL replay completed {checkpoint_replay_duration} {wal_replay_duration} {total_replay_duration}")]
    public static partial void ReplayCompleted(ILogger logger, string checkpoint_replay_duration, string wal_replay_duration, string total_replay_duration);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Warning, Message = "Encountered WAL read error, attempting repair")]
    public static partial void ReadError(ILogger logger, Exception error);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Information, Message = "Successfully repaired WAL")]
    public static partial void Repaired(ILogger logger);

    [LoggerMessage(EventId = 3007, Level = LogLevel.Warning, Message = "The WAL ends within a record, which was never acknowledged: cut off {segment} {offset} {reason}")]
    public static partial void TornTail(ILogger logger, int segment, long offset, string reason);

    [LoggerMessage(EventId = 3008, Level = LogLevel.Warning, Message = "Unknown series references {samples} {histograms}")]
    public static partial void UnknownRefs(ILogger logger, long samples, long histograms);

    [LoggerMessage(EventId = 3009, Level = LogLevel.Warning, Message = "A lockfile from a previous execution already existed. It was replaced {file}")]
    public static partial void LockReplaced(ILogger logger, string file);

    [LoggerMessage(EventId = 3010, Level = LogLevel.Warning, Message = "Skipped records of unknown type in the WAL {count}")]
    public static partial void UnknownRecords(ILogger logger, long count);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Warning, Message = "Skipped damaged records in the WAL {count}")]
    public static partial void DamagedRecords(ILogger logger, long count);

    [LoggerMessage(EventId = 3012, Level = LogLevel.Information, Message = "Creating checkpoint {from_segment} {to_segment} {mint}")]
    public static partial void CheckpointCreating(ILogger logger, int from_segment, int to_segment, long mint);

    [LoggerMessage(EventId = 3014, Level = LogLevel.Error, Message = "compaction failed {err}")]
    public static partial void CompactionFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 3016, Level = LogLevel.Information, Message = "Head GC completed {caller} {duration}")]
    public static partial void HeadTruncated(ILogger logger, string caller, string duration);

    [LoggerMessage(EventId = 3017, Level = LogLevel.Critical, Message = "The maintenance of the database ended: nothing is compacted or deleted any more")]
    public static partial void MaintenanceDied(ILogger logger, Exception error);

    [LoggerMessage(EventId = 3018, Level = LogLevel.Warning, Message = "failed to read TSDB upload meta file, no further block counts as uploaded {path} {err}")]
    public static partial void UploadedBlocksUnreadable(ILogger logger, string path, string err);

    [LoggerMessage(EventId = 3030, Level = LogLevel.Information, Message = "Exemplar storage resized {from} {to} {migrated}")]
    public static partial void ExemplarsResized(ILogger logger, long from, long to, int migrated);

    [LoggerMessage(EventId = 3013, Level = LogLevel.Error, Message = "truncate WAL: what is not needed stays until the next time")]
    public static partial void LogTruncationFailed(ILogger logger, Exception error);

    [LoggerMessage(EventId = 3051, Level = LogLevel.Information, Message = "Starting stale series compaction")]
    public static partial void StaleCompactionStarting(ILogger logger);

    [LoggerMessage(EventId = 3052, Level = LogLevel.Information, Message = "Ending stale series compaction {num_series} {duration}")]
    public static partial void StaleCompactionEnded(ILogger logger, int num_series, string duration);

    [LoggerMessage(EventId = 3041, Level = LogLevel.Information, Message = "Replaying on-disk memory mappable chunks if any")]
    public static partial void ChunkReplayStarted(ILogger logger);

    [LoggerMessage(EventId = 3042, Level = LogLevel.Information, Message = "On-disk memory mappable chunks replay completed {duration}")]
    public static partial void ChunkReplayCompleted(ILogger logger, string duration);

    [LoggerMessage(EventId = 3043, Level = LogLevel.Error, Message = "Loading on-disk chunks failed: what is behind the damage comes from the WAL {err}")]
    public static partial void ChunkFilesDamaged(ILogger logger, string err);

    [LoggerMessage(EventId = 3044, Level = LogLevel.Error, Message = "Writing head chunks failed: they stay in memory until it works again {err}")]
    public static partial void ChunkWritingFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 3045, Level = LogLevel.Information, Message = "chunk snapshot loaded {dir} {num_series} {duration}")]
    public static partial void SnapshotLoaded(ILogger logger, string dir, int num_series, string duration);

    [LoggerMessage(EventId = 3046, Level = LogLevel.Error, Message = "Failed to load chunk snapshot: everything is read from the WAL {err}")]
    public static partial void SnapshotFailed(ILogger logger, string err);

    [LoggerMessage(EventId = 3047, Level = LogLevel.Information, Message = "The WAL goes on behind the chunk snapshot, which is not needed {dir}")]
    public static partial void SnapshotOutdated(ILogger logger, string dir);

    [LoggerMessage(EventId = 3048, Level = LogLevel.Information, Message = "Creating chunk snapshot")]
    public static partial void SnapshotStarted(ILogger logger);

    [LoggerMessage(EventId = 3049, Level = LogLevel.Information, Message = "chunk snapshot complete {duration} {num_series} {dir}")]
    public static partial void SnapshotCompleted(ILogger logger, string duration, long num_series, string dir);

    [LoggerMessage(EventId = 3050, Level = LogLevel.Error, Message = "Creating the chunk snapshot failed: the next start reads the WAL {err}")]
    public static partial void SnapshotWritingFailed(ILogger logger, string err);
}
