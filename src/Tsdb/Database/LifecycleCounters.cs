namespace Narthex.Tsdb;

/// <summary>Counts what becomes of samples after they were taken in. Readable from any thread.</summary>
internal sealed class LifecycleCounters
{
    public long HeadTruncations;
    public long HeadTruncationsFailed;
    public long CheckpointCreations;
    public long CheckpointCreationsFailed;
    public long CheckpointDeletions;
    public long CheckpointDeletionsFailed;
    public long Compactions;
    public long CompactionsFailed;
    public long CompactionsTriggered;
    public long CompactionsSkipped;
    public long Reloads;
    public long ReloadsFailed;
    public long TimeRetentions;
    public long SizeRetentions;
    public long BlocksLoaded;
    public long BlockBytes;

    /// <summary>Called with the seconds that each truncation of the log took.</summary>
    public Action<double>? LogTruncationSeconds;

    /// <summary>Called with the seconds that each truncation of the head took.</summary>
    public Action<double>? HeadCollectionSeconds;

    /// <summary>Called with the seconds that each compaction took.</summary>
    public Action<double>? CompactionSeconds;
}
