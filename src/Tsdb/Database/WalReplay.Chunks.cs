using Narthex.Tsdb.Head.ChunkFiles;
using Narthex.Tsdb.Head.Memory;

namespace Narthex.Tsdb;

/// <content>Full chunks that are in files: their samples in the log are passed over.</content>
internal sealed partial class WalReplay
{
    // The last time in files of each series; the smallest number for none. Empty while no series has any.
    private readonly PagedColumn<long> _lastInChunks = new();
    private bool _anyInChunks;

    /// <summary>The chunks under the number of a series that has nothing yet.</summary>
    /// <remarks>
    /// The chunks under a second number, of a series that went and came back without a word about its end, stay unused: what is in them is in the log,
    /// and so is what lies between them and those under the first.
    /// </remarks>
    private bool TryTakeChunks(uint series, ulong number, out HeadChunkChain chain)
    {
        chain = default;
        if (Chunks is not { } chunks)
        {
            return false;
        }

        _lastInChunks.EnsureRoom(series);
        if (chunks.Count == 0 || !chunks.TryClaim(number, out chain))
        {
            return false;
        }

        _lastInChunks[series] = chain.MaxMs + 1;
        _anyInChunks = true;
        return true;
    }

    // Kept as the time behind the last, so that the zeros of fresh pages mean none: times before 1970 go the long way. So does the
    // last sample itself, which tells the head whether the series is stale.
    private bool IsInChunks(uint series, long timestampMs) =>
        _anyInChunks && timestampMs < _lastInChunks[series] - 1 && timestampMs >= 0;

    private void FinishChunks()
    {
        if (Chunks is not { } chunks)
        {
            return;
        }

        // Files may hold chunks of series that the log has forgotten: their numbers must not be given to others.
        if (chunks.GreatestNumber > _greatestNumber)
        {
            _greatestNumber = chunks.GreatestNumber;
            _numbersDiffer = true;
        }

        chunks.FreeUnclaimed();
        _lateChunks = chunks.OutOfOrder;
        Chunks = null;
    }
}
