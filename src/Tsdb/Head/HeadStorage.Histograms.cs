using System.Runtime.CompilerServices;
using Narthex.Model;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <content>Native histograms, and series that change between them and floats.</content>
public sealed partial class HeadStorage
{
    /// <summary>The native histograms.</summary>
    internal HistogramStore Histograms { get; }

    /// <summary>Puts a histogram behind the last sample of a series.</summary>
    private void AppendHistogram(uint series, ref SeriesState state, long timestampMs, FloatHistogram histogram, long startMs)
    {
        // Chunks of a series do not overlap: the floats before it have one of their own.
        Chunks.CloseOpen(series, ref state);
        Histograms.Append(series, ref state, timestampMs, histogram, startMs);
        NoteStaleness(ref state, histogram.IsStale);
        state.Flags |= SeriesFlags.HasHistograms;
    }

    /// <summary>Puts a float behind the last sample of a series.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void AppendFloat(uint series, ref SeriesState state, long timestampMs, double value, long startMs)
    {
        if ((state.Flags & SeriesFlags.HasHistograms) != 0)
        {
            Histograms.Close(series, ref state);
        }

        Chunks.Append(series, ref state, timestampMs, value, startMs);
        NoteStaleness(ref state, StaleNaN.IsStale(value));
    }

    /// <summary>Makes staleness markers of series whose newest sample is a histogram into histograms, as upstream does.</summary>
    private void ConvertStaleMarkers(CommitRows rows)
    {
        if (Histograms.SeriesCount == 0)
        {
            return;
        }

        for (int i = 0; i < rows.Count; i++)
        {
            if (StaleNaN.IsStale(rows.Values[i])
                && TryResolve(rows.Refs[i], out uint series)
                && (Pages[series].Flags & SeriesFlags.HasHistograms) != 0
                && rows.GetHistogram(i) is null
                && Histograms.TryGetNewest(series, in Pages[series], out long histogramMs, out _)
                && GetNewest(series, in Pages[series]) == histogramMs)
            {
                rows.MakeHistogram(i, new FloatHistogram { Sum = StaleNaN.Value });
            }
        }
    }

    /// <summary>A whole copy of a series' state and of its open chunks, as they are now: a chunk is either among the full ones, or it is the open one.</summary>
    internal SeriesState CopySeries(uint series, Span<byte> openChunk, out HistogramChunkBytes? openHistograms)
    {
        while (true)
        {
            uint version = Pages.BeginRead(series);
            SeriesState copy = CopySeries(series, openChunk);
            openHistograms = (copy.Flags & SeriesFlags.HasHistograms) != 0 ? Histograms.CopyOpen(series) : null;
            if (Pages.EndRead(series, version))
            {
                return copy;
            }
        }
    }

    /// <summary>Gives a series its open chunk of histograms back. False if it cannot be continued, or is older than what the head takes. For the thread that loads a snapshot.</summary>
    internal bool Restore(uint series, ChunkEncoding encoding, ReadOnlySpan<byte> chunk)
    {
        ref SeriesState state = ref Pages[series];
        if (HistogramChunk.TryRestore(encoding, chunk) is not { } open
            || open.LastTimestampMs < _minValidTimeMs
            || open.FirstTimestampMs <= GetNewest(series, in state))
        {
            return false;
        }

        Histograms.Restore(series, open);
        state.Flags |= SeriesFlags.HasHistograms;
        NoteStaleness(ref state, open.Last.IsStale);
        return true;
    }
}
