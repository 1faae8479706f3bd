using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.ChunkFiles;
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

    /// <summary>The place in the log behind all that is committed, and how many series are in the log before it.</summary>
    internal LogPlace GetLogPlace()
    {
        lock (_commitLock)
        {
            return new LogPlace(_wal!.DirectoryPath, _wal.CurrentSegment, _wal.CurrentOffset, _seriesLogged);
        }
    }

    /// <summary>Writes all full chunks to their files, and makes them survive a power cut. Returns the end of the files.</summary>
    /// <exception cref="StorageException">Not all are written.</exception>
    internal HeadChunkRef PersistClosedChunks()
    {
        WriteClosedChunks();
        if (_chunkFiles is not { } files)
        {
            return default;
        }

        HeadChunkRef end;
        lock (_chunkFilesLock)
        {
            end = files.End;
        }

        files.Sync(end);
        return end;
    }

    /// <summary>A whole copy of a series' state and of its open chunks, with the last histogram of the one of histograms.</summary>
    internal SeriesState CopySeries(uint series, Span<byte> openChunk, out HistogramChunkBytes? openHistograms, out FloatHistogram? last)
    {
        last = null;
        SeriesState state = CopySeries(series, openChunk, out openHistograms);
        if (openHistograms is not null)
        {
            lock (_applyLock)
            {
                state = CopySeries(series, openChunk, out openHistograms);
                last = Histograms.GetLastOfOpen(series);
            }
        }

        return state;
    }

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

/// <summary>A place in the log, and what was logged before it.</summary>
/// <param name="Directory">The directory of the log.</param>
/// <param name="Segment">The number of the segment.</param>
/// <param name="Offset">Where in the segment the next record will begin.</param>
/// <param name="SeriesCount">The series of the index, from the first on, that the log knows.</param>
internal readonly record struct LogPlace(string Directory, int Segment, long Offset, uint SeriesCount);
