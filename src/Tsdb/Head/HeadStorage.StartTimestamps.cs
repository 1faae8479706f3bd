using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>Start timestamps: kept beside their samples, or made samples of their own.</content>
public sealed partial class HeadStorage
{
    /// <summary>How new chunks of floats are encoded. May be changed at any time; chunks that are open go on as they are.</summary>
    /// <exception cref="ArgumentException">It is not one of floats, or cannot hold the start timestamps that are to be kept.</exception>
    public ChunkEncoding FloatEncoding
    {
        get => Chunks.UseXor2 ? ChunkEncoding.Xor2 : ChunkEncoding.Xor;
        set
        {
            if (!ChunkEncodings.IsFloat(value) || (KeepsStartTimestamps && value != ChunkEncoding.Xor2))
            {
                throw new ArgumentException($"Chunk encoding {value} does not fit.", nameof(value));
            }

            Chunks.UseXor2 = value == ChunkEncoding.Xor2;
        }
    }

    /// <summary>Whether start timestamps are kept beside samples.</summary>
    internal bool KeepsStartTimestamps => _options.KeepStartTimestamps;

    /// <summary>Whether start timestamps become samples with the value zero.</summary>
    internal bool MakesZeros => _options.StartTimestampsAsZeros;

    /// <summary>Whether anything is done with start timestamps.</summary>
    internal bool WantsStartTimestamps => KeepsStartTimestamps || MakesZeros;

    /// <summary>A builder that encodes as the head does now.</summary>
    internal ChunkBuilder NewChunkBuilder() => new() { FloatEncoding = FloatEncoding, HistogramsWithStarts = _options.HistogramsWithStarts };

    /// <summary>
    /// Adds a zero at a start timestamp, for the last of some rows, if the series has no sample from then or later: for most samples of a counter, which has
    /// been counting for long, it has.
    /// </summary>
    internal void TryAddZero(CommitRows rows, long startTimestampMs, ref CommitRows? zeros)
    {
        int row = rows.Count - 1;
        long newest = Volatile.Read(ref _maxTimeMs);
        long oldestAllowed = newest == long.MinValue ? MinValidTimeMs : Math.Max(MinValidTimeMs, newest - (_options.ChunkRangeMs / 2));
        if (startTimestampMs >= rows.Timestamps[row]
            || startTimestampMs < oldestAllowed
            || !TryResolve(rows.Refs[row], out uint series)
            || startTimestampMs <= GetNewest(series, CopySeries(series, default)))
        {
            return;
        }

        zeros ??= RentRows();
        zeros.DropsLate = true;
        if (rows.GetHistogram(row) is { } histogram)
        {
            // Of the same layout, so that it does not cut a chunk; a counter begins anew with it by definition.
            zeros.Add(rows.Refs[row], startTimestampMs, new FloatHistogram
            {
                CounterResetHint = CounterResetHint.CounterReset,
                Schema = histogram.Schema,
                ZeroThreshold = histogram.ZeroThreshold,
                CustomValues = histogram.CustomValues,
            });
        }
        else
        {
            zeros.Add(rows.Refs[row], startTimestampMs, 0);
        }
    }
}
