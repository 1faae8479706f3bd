using System.Buffers;
using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Head.Index;
using Narthex.Tsdb.Head.Series;

namespace Narthex.Tsdb.Head;

/// <summary>A range of the head on its way into a block. It holds a view, so that nothing it walks goes away.</summary>
/// <remarks>
/// Chunks are handed out as they are; those that reach over an end of the range, or that have deleted samples, and all XOR2 chunks, are encoded anew. The caller sees to it that commits
/// cannot add to the range any more.
/// </remarks>
internal sealed class HeadBlockSource : IBlockSeriesSource, IDisposable
{
    private static readonly LabelMatcher[] Everything = [new(Model.MatchType.Regex, "__name__", ".*")];

    private readonly HeadStorage _head;
    private readonly HeadQuerier _view;
    private readonly uint[] _series;

    /// <summary>Opens a range, of all series or of those in some slots.</summary>
    public HeadBlockSource(HeadStorage head, TimeRange range, CancellationToken cancellationToken, IReadOnlyDictionary<uint, long>? slots = null)
    {
        _head = head;
        _view = (HeadQuerier)head.OpenQuerier(range);
        try
        {
            uint[] found = _view.SelectVisible(Everything, checkOldest: true, out int count, cancellationToken);
            _series = found.AsSpan(0, count).ToArray();
            HeadQuerier.Return(found);
            if (slots is not null)
            {
                _series = Array.FindAll(_series, series => slots.ContainsKey(_view.Index.SlotOf(series)));
            }

            _series.AsSpan().Sort(_view.Index.Compare);
        }
        catch
        {
            _view.Dispose();
            throw;
        }
    }

    /// <summary>Whether there is no series.</summary>
    public bool IsEmpty => _series.Length == 0;

    /// <inheritdoc/>
    public ISymbolCursor OpenSymbols() => new Symbols(_view.Index, _series);

    /// <inheritdoc/>
    public IBlockSeriesCursor OpenSeries() => new Cursor(_head, _view, _series);

    /// <inheritdoc/>
    public void Dispose() => _view.Dispose();

    /// <summary>The symbols of some series of the head.</summary>
    internal sealed class Symbols : ISymbolCursor
    {
        private readonly SymbolTable _table;
        private readonly uint[] _sorted;
        private int _position = -1;

        public Symbols(HeadIndex index, uint[] series)
        {
            _table = index.Symbols;
            bool[] seen = new bool[_table.Count];
            int count = 0;
            foreach (uint one in series)
            {
                foreach (uint pair in index.GetPairs(one))
                {
                    count += See(seen, index.Pairs.NameOf(pair)) + See(seen, index.Pairs.ValueOf(pair));
                }
            }

            _sorted = new uint[count];
            int next = 0;
            for (int symbol = 0; symbol < seen.Length; symbol++)
            {
                if (seen[symbol])
                {
                    _sorted[next++] = (uint)symbol;
                }
            }

            _sorted.AsSpan().Sort((left, right) => _table.Get(left).SequenceCompareTo(_table.Get(right)));
        }

        public ReadOnlySpan<byte> Current => _table.Get(_sorted[_position]);

        public bool MoveNext() => ++_position < _sorted.Length;

        public void Dispose()
        {
        }

        private static int See(bool[] seen, uint symbol)
        {
            bool first = !seen[symbol];
            seen[symbol] = true;
            return first ? 1 : 0;
        }
    }

    /// <summary>Where a chunk is: in the head's store, or encoded anew in the cursor's own bytes.</summary>
    private readonly record struct Place(TimeRange Range, uint Handle, int Start, int Length)
    {
        public ChunkEncoding Encoding { get; init; } = ChunkEncoding.Xor;

        /// <summary>Those of a chunk of histograms, which are immutable.</summary>
        public byte[]? Bytes { get; init; }
    }

    private sealed class Cursor(HeadStorage head, HeadQuerier view, uint[] series) : IBlockSeriesCursor
    {
        private readonly List<Place> _chunks = [];
        private readonly List<uint> _handles = [];
        private readonly byte[] _open = new byte[ChunkAppender.ChunkBytesMax];
        private readonly ArrayBufferWriter<byte> _encoded = new(4096);
        private readonly ChunkBuilder _builder = head.NewChunkBuilder();
        private readonly SampleBuffer _samples = new();
        private TimeRange[] _deleted = [];
        private int _position = -1;

        public Labels Labels => view.Index.GetLabels(series[_position]);

        public int ChunkCount => _chunks.Count;

        public bool MoveNext()
        {
            if (++_position >= series.Length)
            {
                return false;
            }

            Collect(view.Index.SlotOf(series[_position]));
            return true;
        }

        public BlockChunk GetChunk(int index)
        {
            Place place = _chunks[index];
            ReadOnlySpan<byte> bytes = place.Bytes is not null ? place.Bytes : place.Handle != 0
                ? head.ClosedChunks.Get(place.Handle).Bytes
                : _encoded.WrittenSpan.Slice(place.Start, place.Length);
            return new BlockChunk(place.Range, place.Encoding, bytes);
        }

        public void Dispose() => _samples.Dispose();

        private void Collect(uint slot)
        {
            _chunks.Clear();
            _handles.Clear();
            _encoded.ResetWrittenCount();
            SeriesState state = head.CopySeries(slot, _open, out HistogramChunkBytes? openHistograms);
            for (uint handle = state.ClosedChunks; handle != 0;)
            {
                ClosedChunk chunk = head.ClosedChunks.Get(handle);
                if (chunk.MaxMs < view.Range.MinMs)
                {
                    break;
                }

                if (chunk.MinMs <= view.Range.MaxMs)
                {
                    _handles.Add(handle);
                }

                handle = chunk.Previous;
            }

            _deleted = view.GetDeleted(slot) is { IsEmpty: false } deleted ? deleted.ToArray() : [];
            for (int i = _handles.Count - 1; i >= 0; i--)
            {
                ClosedChunk chunk = head.ClosedChunks.Get(_handles[i]);
                var range = new TimeRange(chunk.MinMs, chunk.MaxMs);
                if (chunk.MinMs >= view.Range.MinMs && chunk.MaxMs <= view.Range.MaxMs && !DeletedIntervals.Touch(_deleted, range))
                {
                    if (chunk.Encoding != ChunkEncoding.Xor2 || !TryShorten(chunk.Bytes))
                    {
                        _chunks.Add(new Place(range, _handles[i], 0, 0) { Encoding = chunk.Encoding });
                    }
                }
                else if (ChunkEncodings.IsFloat(chunk.Encoding))
                {
                    Encode(chunk.Encoding, chunk.Bytes, XorDecoder.CountSamples(chunk.Bytes));
                }
                else
                {
                    EncodeHistograms(chunk.Encoding, chunk.Bytes);
                }
            }

            // The open chunk is a copy, as it may still grow behind the range.
            if (state.Encoder.Count > 0 && ChunkAppender.FirstTimestamp(state.OpenEncoding, _open) <= view.Range.MaxMs && state.Encoder.LastTimestampMs >= view.Range.MinMs)
            {
                Encode(state.OpenEncoding, _open.AsSpan(0, state.Encoder.ByteCount), state.Encoder.Count);
            }

            if (openHistograms is { } open && open.Range.Overlaps(view.Range))
            {
                if (open.Range.MinMs >= view.Range.MinMs && open.Range.MaxMs <= view.Range.MaxMs && !DeletedIntervals.Touch(_deleted, open.Range))
                {
                    _chunks.Add(new Place(open.Range, 0, 0, 0) { Encoding = open.Encoding, Bytes = open.Bytes });
                }
                else
                {
                    EncodeHistograms(open.Encoding, open.Bytes);
                }
            }
        }

        /// <summary>Encodes an XOR2 chunk anew: now that its samples are all known it gets shorter. False if it is damaged.</summary>
        private bool TryShorten(ReadOnlySpan<byte> chunk)
        {
            try
            {
                Encode(ChunkEncoding.Xor2, chunk, XorDecoder.CountSamples(chunk));
                return true;
            }
            catch (ChunkCorruptionException)
            {
                // Whoever reads it is told.
                return false;
            }
        }

        /// <summary>Encodes the histograms of a chunk that are in the range, and not deleted, anew.</summary>
        private void EncodeHistograms(ChunkEncoding encoding, ReadOnlySpan<byte> chunk)
        {
            _samples.Clear();
            ChunkDecoder.Append(encoding, chunk, view.Range, _samples);
            DeletedIntervals.Remove(_deleted, _samples, 0);
            AddBuilt();
        }

        private void AddBuilt()
        {
            _builder.Clear();
            _builder.Add(_samples);
            for (int i = 0; i < _builder.Count; i++)
            {
                BlockChunk built = _builder[i];
                _chunks.Add(new Place(built.Range, 0, 0, 0) { Encoding = built.Encoding, Bytes = built.Data.ToArray() });
            }
        }

        /// <summary>Encodes the samples of a chunk that are in the range, and not deleted, as a chunk of their own.</summary>
        private void Encode(ChunkEncoding encoding, ReadOnlySpan<byte> chunk, int count)
        {
            _samples.Clear();
            ChunkDecoder.AppendFloats(encoding, chunk, count, view.Range, _samples);
            DeletedIntervals.Remove(_deleted, _samples, 0);
            if (_samples.Count == 0)
            {
                return;
            }

            int length = FloatChunk.Encode(encoding, _samples, 0, _samples.Count, _encoded.GetSpan(FloatChunk.BytesMax(_samples.Count)));
            var range = new TimeRange(_samples.Timestamps[0], _samples.Timestamps[^1]);
            _chunks.Add(new Place(range, 0, _encoded.WrittenCount, length) { Encoding = encoding });
            _encoded.Advance(length);
        }
    }
}
