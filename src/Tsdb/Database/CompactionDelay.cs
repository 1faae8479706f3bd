using Narthex.Tsdb.Head;

namespace Narthex.Tsdb;

/// <summary>Holds compactions of the head back by a random time, so that the servers of a fleet do not all do it at the same minute.</summary>
/// <remarks>Upstream's feature <c>delayed-compaction</c>: each range of the head gets a delay of its own, up to a share of the block range.</remarks>
internal sealed class CompactionDelay(TsdbOptions options, TimeProvider time)
{
    private long _rangeMinMs = long.MinValue;
    private long _since;
    private TimeSpan _delay;

    /// <summary>Whether the head, which can be compacted, may be by now.</summary>
    public bool IsOver(HeadStorage head)
    {
        if (options.CompactionDelayShareMax <= 0)
        {
            return true;
        }

        long minMs = head.MinTimeMs;
        if (minMs != _rangeMinMs)
        {
            _rangeMinMs = minMs;
            _since = time.GetTimestamp();
            _delay = options.MinBlockDuration * (Random.Shared.NextDouble() * options.CompactionDelayShareMax);
        }

        return time.GetElapsedTime(_since) >= _delay;
    }
}
