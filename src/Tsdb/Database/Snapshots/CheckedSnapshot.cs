namespace Narthex.Tsdb.Snapshots;

/// <summary>A snapshot of which all was read and found sound.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="State">What it says of the head; null if the log has to end with it.</param>
/// <param name="Recovered">The ends of its open chunks.</param>
/// <param name="Numbers">The numbers of its series.</param>
/// <param name="Greatest">No series of the log up to the snapshot has a greater number.</param>
internal sealed record CheckedSnapshot(
    MemorySnapshot Snapshot, HeadState? State, SnapshotRestorer.RecoveredChunks Recovered, HashSet<ulong> Numbers, ulong Greatest);
