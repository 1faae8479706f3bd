using Microsoft.Extensions.Logging;

namespace Narthex.Tsdb.Compaction;

/// <summary>What is logged of blocks: the texts and keys that operators search for are upstream's.</summary>
internal static partial class BlockSetLog
{
    [LoggerMessage(EventId = 3101, Level = LogLevel.Error, Message = "Failed to open block {ulid} {err}")]
    public static partial void OpenFailed(ILogger logger, string ulid, string err);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Information, Message = "Found healthy block {mint} {maxt} {ulid}")]
    public static partial void Opened(ILogger logger, long mint, long maxt, string ulid);

    [LoggerMessage(EventId = 3103, Level = LogLevel.Information, Message = "Deleting obsolete block {block}")]
    public static partial void Deleting(ILogger logger, string block);

    [LoggerMessage(EventId = 3104, Level = LogLevel.Information, Message = "write block {mint} {maxt} {ulid} {duration}")]
    public static partial void Written(ILogger logger, long mint, long maxt, string ulid, string duration);

    [LoggerMessage(EventId = 3105, Level = LogLevel.Information, Message = "write block resulted in empty block {mint} {maxt} {duration}")]
    public static partial void WrittenEmpty(ILogger logger, long mint, long maxt, string duration);

    [LoggerMessage(EventId = 3106, Level = LogLevel.Information, Message = "compact blocks {count} {mint} {maxt} {ulid} {sources} {duration}")]
    public static partial void Compacted(ILogger logger, int count, long mint, long maxt, string ulid, string sources, string duration);

    [LoggerMessage(EventId = 3107, Level = LogLevel.Information, Message = "compact blocks resulted in empty block {count} {sources} {duration}")]
    public static partial void CompactedEmpty(ILogger logger, int count, string sources, string duration);

    [LoggerMessage(EventId = 3108, Level = LogLevel.Error, Message = "compaction failed {sources} {err}")]
    public static partial void CompactionFailed(ILogger logger, string sources, string err);

    [LoggerMessage(EventId = 3109, Level = LogLevel.Information, Message = "Found overlapping blocks during compaction {ulid}")]
    public static partial void Overlapping(ILogger logger, string ulid);

    [LoggerMessage(EventId = 3110, Level = LogLevel.Warning, Message = "Repaired the version field of an index that an early release wrote wrongly {ulid}")]
    public static partial void Repaired(ILogger logger, string ulid);

    [LoggerMessage(EventId = 3112, Level = LogLevel.Information, Message = "Snapshotting block {block}")]
    public static partial void Snapshotting(ILogger logger, string block);

    [LoggerMessage(EventId = 3111, Level = LogLevel.Error, Message = "Failed to delete block {block} {err}")]
    public static partial void DeleteFailed(ILogger logger, string block, string err);
}
