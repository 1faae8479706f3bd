using Narthex.Model;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>What a snapshot of the memory needs.</content>
public sealed partial class HeadStorage
{
    // A number is a slot and, in its upper half, how many series had it before.
    private const ulong GreatestOfOwnNumbers = (0x100UL << 32) - 1;

    /// <summary>No series of the log has a greater number, whether it is alive or not.</summary>
    internal ulong GreatestNumberEver =>
        !WalRefs.AreIdentical ? WalRefs.Greatest
        : Volatile.Read(ref Counters.SeriesRemoved) == 0 ? SlotCount
        : GreatestOfOwnNumbers;

    /// <summary>Gives a series its open chunk of floats back. False if that is older than what the head takes. For the thread that loads a snapshot.</summary>
    internal bool RestoreFloats(uint series, ChunkEncoding encoding, in XorAppenderState encoder, long lastStartMs, ReadOnlySpan<byte> chunk)
    {
        ref SeriesState state = ref Pages[series];
        if (encoder.LastTimestampMs < _minValidTimeMs
            || ChunkAppender.FirstTimestamp(encoding, chunk) <= GetNewest(series, in state))
        {
            return false;
        }

        Chunks.Restore(series, ref state, encoding, in encoder, lastStartMs, chunk);
        NoteStaleness(ref state, StaleNaN.IsStale(encoder.LastValue));
        return true;
    }

    /// <summary>The state with which an open chunk of floats is continued. False if it is damaged.</summary>
    internal static bool TryRecover(ChunkEncoding encoding, ReadOnlySpan<byte> chunk, out XorAppenderState encoder, out long lastStartMs)
    {
        lastStartMs = 0;
        return encoding == ChunkEncoding.Xor2
            ? Xor2Encoder.TryRecover(chunk, out encoder, out lastStartMs)
            : XorEncoder.TryRecover(chunk, out encoder);
    }
}
