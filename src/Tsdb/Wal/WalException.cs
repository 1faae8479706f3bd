using Narthex.Storage;

namespace Narthex.Tsdb.Wal;

/// <summary>A damaged place in the write-ahead log that is not just the torn end of the last write.</summary>
/// <param name="segmentPath">The segment file.</param>
/// <param name="segment">Its number.</param>
/// <param name="offset">Where in it the first damaged record starts; everything before is sound.</param>
/// <param name="reason">What is wrong there.</param>
public sealed class WalCorruptionException(string segmentPath, int segment, long offset, string reason)
    : StorageException($"corruption in segment {segmentPath} at {offset}: {reason}")
{
    /// <summary>The segment file.</summary>
    public string SegmentPath { get; } = segmentPath;

    /// <summary>The number of the segment.</summary>
    public int Segment { get; } = segment;

    /// <summary>Where the first damaged record starts, or the end of the last sound one.</summary>
    public long Offset { get; } = offset;

    /// <summary>What is wrong there.</summary>
    public string Reason { get; } = reason;
}

/// <summary>The log ends within a record: the process died while writing it. The record was never acknowledged.</summary>
/// <param name="SegmentPath">The segment file.</param>
/// <param name="Segment">Its number.</param>
/// <param name="Offset">The end of the last whole record: where the segment is to be cut.</param>
/// <param name="Reason">What is wrong there.</param>
public sealed record WalTornTail(string SegmentPath, int Segment, long Offset, string Reason);
