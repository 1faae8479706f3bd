using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Head.OutOfOrder;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <summary>A view of the head as it was when it was opened.</summary>
/// <remarks>Series are numbered as in the index that was the present one at the opening, and the view keeps that.</remarks>
internal sealed class HeadQuerier(
    HeadStorage head, TimeRange range, TimeRange lateRange, ViewRegistry.Epoch epoch, long lateCommit, HeadIndex index) : IQuerier
{
    private readonly uint _seriesCount = index.Count;
    private readonly int _pairCount = index.Pairs.Count;
    private readonly TombstoneSet _tombstones = head.Tombstones;
    private int _disposed;

    /// <summary>The index that the view looks at.</summary>
    public HeadIndex Index => index;

    /// <summary>The times that can be seen.</summary>
    public TimeRange Range { get; } = range;

    /// <inheritdoc/>
    public ISeriesSelection Select(in SelectHints hints, IReadOnlyList<LabelMatcher> matchers, CancellationToken cancellationToken)
    {
        uint[] series = SelectVisible(matchers, hints.LabelsOnly || hints.Function == "series", out int count, cancellationToken);
        if (hints.Sorted)
        {
            SeriesOrder.Sort(index, series.AsSpan(0, count));
        }

        if (hints.Limit > 0 && count > hints.Limit)
        {
            count = hints.Limit;
        }

        return new HeadSelection(this, series, count);
    }

    /// <inheritdoc/>
    public LabelQueryResult GetLabelNames(IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken)
    {
        var names = new HashSet<uint>();
        if (matchers.Count == 0)
        {
            if (OverlapsHead())
            {
                for (int i = 0; i < index.Pairs.NameCount; i++)
                {
                    LabelPairs.NameValues name = index.Pairs.GetName(i);
                    if (IsVisible(name.Pairs[0]))
                    {
                        names.Add(name.Name);
                    }
                }
            }
        }
        else
        {
            uint[] series = SelectVisible(matchers, checkOldest: true, out int count, cancellationToken);
            for (int i = 0; i < count; i++)
            {
                foreach (uint pair in index.GetPairs(series[i]))
                {
                    names.Add(index.Pairs.NameOf(pair));
                }
            }

            Return(series);
        }

        return ToResult(names, limit);
    }

    /// <inheritdoc/>
    public LabelQueryResult GetLabelValues(string name, IReadOnlyList<LabelMatcher> matchers, int limit, CancellationToken cancellationToken)
    {
        var values = new HashSet<uint>();
        if (index.Symbols.TryFind(Encoding.UTF8.GetBytes(name), out uint symbol) && index.Pairs.FindName(symbol) is { } nameValues)
        {
            if (matchers.Count == 0)
            {
                foreach (uint pair in OverlapsHead() ? nameValues.Pairs : default)
                {
                    if (IsVisible(pair))
                    {
                        values.Add(index.Pairs.ValueOf(pair));
                    }
                }
            }
            else
            {
                uint[] series = SelectVisible(matchers, checkOldest: true, out int count, cancellationToken);
                for (int i = 0; i < count; i++)
                {
                    if (index.TryGetPair(series[i], symbol, out uint pair))
                    {
                        values.Add(index.Pairs.ValueOf(pair));
                    }
                }

                Return(series);
            }
        }

        return ToResult(values, limit);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            head.CloseView(epoch, lateCommit);
        }
    }

    /// <summary>Appends what the view sees of the series in a slot.</summary>
    internal void ReadSamples(uint series, SampleBuffer samples)
    {
        int before = samples.Count;
        ReadAll(series, samples);
        if (FindLate(series) is { } late)
        {
            using var unsorted = new SampleBuffer();
            late.Read(lateRange, unsorted);
            OutOfOrderMerging.MergeInto(samples, before, unsorted);
        }

        if (_tombstones.Count > 0)
        {
            DeletedIntervals.Remove(_tombstones.Get(series), samples, before);
        }
    }

    /// <summary>Appends at least the latest sample, not younger than a time, that the view sees of the series in a slot.</summary>
    internal void ReadLatest(uint series, long timestampMs, SampleBuffer samples)
    {
        if (_tombstones.Count > 0 || FindLate(series) is not null || !TryReadNewest(series, timestampMs, samples))
        {
            ReadSamples(series, samples);
        }
    }

    /// <summary>What is deleted of the series in a slot.</summary>
    internal ReadOnlySpan<TimeRange> GetDeleted(uint series) => _tombstones.Get(series);

    /// <summary>From the first to the last sample of a series; null if it has none.</summary>
    internal TimeRange? GetBounds(uint series)
    {
        TimeRange? inOrder = GetBoundsInOrder(series);
        return (FindLate(series)?.Bounds, inOrder) switch
        {
            ({ } late, { } other) => new TimeRange(Math.Min(late.MinMs, other.MinMs), Math.Max(late.MaxMs, other.MaxMs)),
            ({ } late, _) => late,
            _ => inOrder,
        };
    }

    /// <summary>The samples of a series that came out of order and that the view sees; null if there are none.</summary>
    private OutOfOrderVersion? FindLate(uint series) =>
        head.OutOfOrder.HasAny && head.OutOfOrder.TryGet(series, lateCommit, out OutOfOrderVersion? late) ? late : null;

    private TimeRange? GetBoundsInOrder(uint series)
    {
        SeriesState state = head.CopySeries(series, default);
        long newest = Math.Min(head.GetNewest(series, in state), epoch.GetNewestVisible(series, state.Epoch));
        long oldest = Math.Max(Range.MinMs, GetOldest(series, in state));
        return newest == long.MinValue || oldest > newest ? null : new TimeRange(oldest, newest);
    }

    // What the encoder of the open chunk remembers, which nearly always is what a query for the present is about: no chunk has to be decoded.
    private bool TryReadNewest(uint series, long timestampMs, SampleBuffer samples)
    {
        SeriesState state = head.CopySeries(series, default);
        long newest = state.Encoder.LastTimestampMs;
        if (!state.HasNewestFloat
            || (state.Flags & SeriesFlags.HasHistograms) != 0
            || newest > Math.Min(timestampMs, Range.MaxMs)
            || newest < Range.MinMs
            || newest > epoch.GetNewestVisible(series, state.Epoch))
        {
            return false;
        }

        samples.Append(newest, state.Encoder.LastValue);
        return true;
    }

    // Deleted samples included.
    [SkipLocalsInit]
    private void ReadAll(uint series, SampleBuffer samples)
    {
        // The largest chunk: on the stack, so that reading allocates nothing.
        Span<byte> chunk = stackalloc byte[ChunkAppender.ChunkBytesMax];
        SeriesState state = head.CopySeries(series, chunk, out HistogramChunkBytes? openHistograms);
        TimeRange visible = new(Range.MinMs, Math.Min(Range.MaxMs, epoch.GetNewestVisible(series, state.Epoch)));
        if (visible.MinMs > visible.MaxMs)
        {
            return;
        }

        ReadClosedChunks(state.ClosedChunks, visible, samples);
        if (state.Encoder.Count > 0)
        {
            Chunks.ChunkDecoder.AppendFloats(state.OpenEncoding, chunk[..state.Encoder.ByteCount], state.Encoder.Count, visible, samples);
        }

        if (openHistograms is { } open)
        {
            Chunks.ChunkDecoder.Append(open.Encoding, open.Bytes, visible, samples);
        }
    }

    internal static void Return(uint[] series)
    {
        if (series.Length > 0)
        {
            ArrayPool<uint>.Shared.Return(series);
        }
    }

    /// <summary>The chain goes from new to old, and samples are wanted from old to new: the handles are gathered first.</summary>
    private void ReadClosedChunks(uint newest, TimeRange visible, SampleBuffer samples)
    {
        Span<uint> handles = stackalloc uint[64];
        uint[]? rented = null;
        int count = 0;
        for (uint handle = newest; handle != 0;)
        {
            ClosedChunk chunk = head.ClosedChunks.Get(handle);
            if (chunk.MaxMs < visible.MinMs)
            {
                break;
            }

            if (chunk.MinMs <= visible.MaxMs)
            {
                if (count == handles.Length)
                {
                    uint[] larger = ArrayPool<uint>.Shared.Rent(count * 2);
                    handles.CopyTo(larger);
                    if (rented is not null)
                    {
                        ArrayPool<uint>.Shared.Return(rented);
                    }

                    handles = rented = larger;
                }

                handles[count++] = handle;
            }

            handle = chunk.Previous;
        }

        while (count > 0)
        {
            ClosedChunk chunk = head.ClosedChunks.Get(handles[--count]);
            Chunks.ChunkDecoder.Append(chunk.Encoding, chunk.Bytes, visible, samples);
        }

        if (rented is not null)
        {
            ArrayPool<uint>.Shared.Return(rented);
        }
    }

    /// <summary>The series that match and have samples in the range; the array goes back with <see cref="Return"/>.</summary>
    internal uint[] SelectVisible(IReadOnlyList<LabelMatcher> matchers, bool checkOldest, out int count, CancellationToken cancellationToken)
    {
        uint[] series = SeriesSelector.Select(index, _seriesCount, matchers, out int found, cancellationToken);
        count = 0;
        for (int i = 0; i < found; i++)
        {
            if (MayHaveSamples(index.SlotOf(series[i]), checkOldest))
            {
                series[count++] = series[i];
            }
        }

        return series;
    }

    private bool MayHaveSamples(uint series, bool checkOldest) =>
        MayHaveSamplesInOrder(series, checkOldest)
        || (FindLate(series) is { Bounds: { } bounds }
            && bounds.Overlaps(lateRange)
            && !DeletedIntervals.Cover(_tombstones.Get(series), new TimeRange(Math.Max(bounds.MinMs, lateRange.MinMs), Math.Min(bounds.MaxMs, lateRange.MaxMs))));

    private bool MayHaveSamplesInOrder(uint series, bool checkOldest)
    {
        SeriesState state = head.CopySeries(series, default);
        long newestVisible = Math.Min(head.GetNewest(series, in state), epoch.GetNewestVisible(series, state.Epoch));
        if (newestVisible < Range.MinMs || newestVisible == long.MinValue || Range.MinMs > Range.MaxMs)
        {
            return false;
        }

        if (_tombstones.Count > 0 && _tombstones.Get(series) is { IsEmpty: false } deleted && IsDeleted(deleted, series))
        {
            return false;
        }

        // Nothing that is seen is younger than the newest: only where the range ends before that, the oldest has to be looked for.
        return !checkOldest || newestVisible <= Range.MaxMs || Range.MaxMs >= GetOldest(series, in state);
    }

    // Whether nothing is left in the range: one interval over all that is seen, as deletions of a whole series leave it.
    private bool IsDeleted(ReadOnlySpan<TimeRange> deleted, uint series) =>
        GetBoundsInOrder(series) is { } bounds
        && bounds.Overlaps(Range)
        && DeletedIntervals.Cover(deleted, new TimeRange(Math.Max(bounds.MinMs, Range.MinMs), Math.Min(bounds.MaxMs, Range.MaxMs)));

    private long GetOldest(uint series, in SeriesState state)
    {
        if ((state.Flags & SeriesFlags.HasHistograms) != 0)
        {
            return GetOldestWithHistograms(series);
        }

        long oldest = GetOldestClosed(in state);
        return oldest == long.MaxValue && state.Encoder.Count > 0 ? GetOldestOpen(series, in state) : oldest;
    }

    private long GetOldestClosed(in SeriesState state)
    {
        long oldest = long.MaxValue;
        for (uint handle = state.ClosedChunks; handle != 0;)
        {
            ClosedChunk chunk = head.ClosedChunks.Get(handle);
            oldest = chunk.MinMs;
            handle = chunk.Previous;
        }

        return oldest;
    }

    [SkipLocalsInit]
    private long GetOldestOpen(uint series, in SeriesState state)
    {
        Span<byte> chunk = stackalloc byte[ChunkAppender.ChunkBytesMax];
        SeriesState copy = head.CopySeries(series, chunk);

        // A chunk that was closed since then started at the same time.
        return copy.ClosedChunks == state.ClosedChunks
            ? copy.OpenChunk == 0 ? long.MaxValue : ChunkAppender.FirstTimestamp(copy.OpenEncoding, chunk)
            : copy.ClosedChunks == 0 ? long.MinValue : head.ClosedChunks.Get(copy.ClosedChunks).MinMs;
    }

    [SkipLocalsInit]
    private long GetOldestWithHistograms(uint series)
    {
        Span<byte> chunk = stackalloc byte[ChunkAppender.ChunkBytesMax];
        SeriesState copy = head.CopySeries(series, chunk, out HistogramChunkBytes? openHistograms);
        long oldest = Math.Min(GetOldestClosed(in copy), openHistograms?.Range.MinMs ?? long.MaxValue);
        return copy.Encoder.Count > 0 ? Math.Min(oldest, ChunkAppender.FirstTimestamp(copy.OpenEncoding, chunk)) : oldest;
    }

    private bool OverlapsHead() =>
        (head.MinTimeMs <= Range.MaxMs && head.MaxTimeMs >= Range.MinMs) || (head.OutOfOrder.HasAny && head.OutOfOrder.Range.Overlaps(lateRange));

    /// <summary>Whether the pair was there when the view was opened.</summary>
    private bool IsVisible(uint pair) => pair < _pairCount;

    private LabelQueryResult ToResult(HashSet<uint> symbols, int limit)
    {
        uint[] sorted = [.. symbols];
        SymbolTable table = index.Symbols;
        sorted.AsSpan().Sort((left, right) => table.Get(left).SequenceCompareTo(table.Get(right)));
        int count = limit > 0 ? Math.Min(limit, sorted.Length) : sorted.Length;
        string[] texts = new string[count];
        for (int i = 0; i < count; i++)
        {
            texts[i] = Encoding.UTF8.GetString(table.Get(sorted[i]));
        }

        return new LabelQueryResult(texts, count < sorted.Length, []);
    }
}
