using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Compaction;

/// <summary>Several blocks merged into one source, without what is deleted.</summary>
/// <remarks>
/// Chunks pass as they are. Only those that overlap others in time, or that deleted intervals touch, are decoded and
/// encoded again; at the same instant the sample of the earlier block wins. Memory: one series.
/// </remarks>
/// <param name="blocks">Ascending by their first instant.</param>
/// <param name="range">Only these times go into the block.</param>
public sealed class CompactionSource(IReadOnlyList<BlockReader> blocks, TimeRange range) : IBlockSeriesSource
{
    /// <inheritdoc/>
    public ISymbolCursor OpenSymbols() => new MergedSymbols(blocks.Select(block => block.Index.Symbols.Open()));

    /// <inheritdoc/>
    public IBlockSeriesCursor OpenSeries() => new Cursor(blocks, range);

    private sealed class Cursor : IBlockSeriesCursor
    {
        private readonly PriorityQueue<int, (Labels Labels, int Block)> _heads = new();
        private readonly BlockSource.Cursor[] _cursors;
        private readonly TombstoneSet[] _tombstones;
        private readonly TimeRange _range;
        private readonly List<int> _members = [];
        private readonly List<(int Member, ChunkMeta Chunk)> _chunks = [];
        private readonly List<Piece> _pieces = [];
        private readonly ChunkBuilder _rebuilt = new();
        private readonly SampleBuffer _samples = new();

        public Cursor(IReadOnlyList<BlockReader> blocks, TimeRange range)
        {
            _range = range;
            _cursors = [.. blocks.Select(block => new BlockSource.Cursor(block))];
            _tombstones = [.. blocks.Select(block => block.Tombstones)];
            for (int i = 0; i < _cursors.Length; i++)
            {
                Advance(i);
            }
        }

        public Labels Labels { get; private set; }

        public int ChunkCount => _pieces.Count;

        public bool MoveNext()
        {
            foreach (int member in _members)
            {
                Advance(member);
            }

            _members.Clear();
            if (!_heads.TryDequeue(out int first, out (Labels Labels, int Block) head))
            {
                return false;
            }

            Labels = head.Labels;
            _members.Add(first);
            while (_heads.TryPeek(out int next, out (Labels Labels, int Block) other) && other.Labels == Labels)
            {
                _heads.Dequeue();
                _members.Add(next);
            }

            CollectChunks();
            BuildPieces();
            return true;
        }

        public BlockChunk GetChunk(int index)
        {
            Piece piece = _pieces[index];
            if (piece.Member < 0)
            {
                return _rebuilt[piece.Rebuilt];
            }

            ReadOnlySpan<byte> data = _cursors[piece.Member].Block.ReadChunk(piece.Chunk, out ChunkEncoding encoding);
            return new BlockChunk(piece.Chunk.Range, encoding, data);
        }

        public void Dispose() => _samples.Dispose();

        private void Advance(int cursor)
        {
            if (_cursors[cursor].MoveNext())
            {
                _heads.Enqueue(cursor, (_cursors[cursor].Labels, cursor));
            }
        }

        private void CollectChunks()
        {
            _chunks.Clear();
            bool sorted = true;
            foreach (int member in _members)
            {
                ReadOnlySpan<TimeRange> deleted = _tombstones[member].Get(_cursors[member].Series);
                foreach (ChunkMeta chunk in _cursors[member].Chunks)
                {
                    if (chunk.Range.Overlaps(_range) && !DeletedIntervals.Cover(deleted, chunk.Range))
                    {
                        sorted &= _chunks.Count == 0 || _chunks[^1].Chunk.Range.MinMs <= chunk.Range.MinMs;
                        _chunks.Add((member, chunk));
                    }
                }
            }

            if (!sorted)
            {
                _chunks.Sort(static (left, right) => (left.Chunk.Range.MinMs, left.Member).CompareTo((right.Chunk.Range.MinMs, right.Member)));
            }
        }

        private void BuildPieces()
        {
            _pieces.Clear();
            _rebuilt.Clear();
            for (int start = 0; start < _chunks.Count;)
            {
                // A group of chunks that overlap each other, directly or through others.
                long max = _chunks[start].Chunk.Range.MaxMs;
                int end = start + 1;
                for (; end < _chunks.Count && _chunks[end].Chunk.Range.MinMs <= max; end++)
                {
                    max = Math.Max(max, _chunks[end].Chunk.Range.MaxMs);
                }

                if (CanPass(start, end))
                {
                    _pieces.Add(new Piece(_chunks[start].Member, _chunks[start].Chunk, 0));
                }
                else
                {
                    Rebuild(start, end);
                }

                start = end;
            }
        }

        private bool CanPass(int start, int end)
        {
            (int member, ChunkMeta chunk) = _chunks[start];
            if (chunk.Range.MinMs < _range.MinMs || chunk.Range.MaxMs > _range.MaxMs
                || DeletedIntervals.Touch(_tombstones[member].Get(_cursors[member].Series), chunk.Range))
            {
                return false;
            }

            // The same chunk in several blocks is ordinary: blocks of replicas, or a compaction that was interrupted.
            ReadOnlySpan<byte> data = end - start > 1 ? _cursors[member].Block.ReadChunk(chunk, out _) : default;
            for (int i = start + 1; i < end; i++)
            {
                (int other, ChunkMeta twin) = _chunks[i];
                if (twin.Range != chunk.Range
                    || !_cursors[other].Block.ReadChunk(twin, out _).SequenceEqual(data)
                    || DeletedIntervals.Touch(_tombstones[other].Get(_cursors[other].Series), twin.Range))
                {
                    return false;
                }
            }

            return true;
        }

        private void Rebuild(int start, int end)
        {
            _samples.Clear();

            // What one of them can hold, the new ones must be able to hold too.
            _rebuilt.FloatEncoding = ChunkEncoding.Xor;
            _rebuilt.HistogramsWithStarts = false;

            // By block, so that at the same instant the earlier one wins.
            foreach ((int member, ChunkMeta chunk) in _chunks[start..end].OrderBy(one => one.Member))
            {
                int runStart = _samples.Count;
                BlockReader block = _cursors[member].Block;
                ReadOnlySpan<byte> data = block.ReadChunk(chunk, out ChunkEncoding encoding);
                if (encoding == ChunkEncoding.Xor2)
                {
                    _rebuilt.FloatEncoding = encoding;
                }

                _rebuilt.HistogramsWithStarts |= encoding is ChunkEncoding.HistogramWithStarts or ChunkEncoding.FloatHistogramWithStarts;
                try
                {
                    ChunkDecoder.Append(encoding, data, _range, _samples);
                }
                catch (ChunkCorruptionException error)
                {
                    throw new BlockCorruptionException(Path.GetFileName(block.DirectoryPath), $"chunks: reference {chunk.Ref}", error.Message, error);
                }

                DeletedIntervals.Remove(_tombstones[member].Get(_cursors[member].Series), _samples, runStart);
                SampleMerging.MergeRun(_samples, 0, runStart);
            }

            int first = _rebuilt.Count;
            _rebuilt.Add(_samples);
            for (int i = first; i < _rebuilt.Count; i++)
            {
                _pieces.Add(new Piece(-1, default, i));
            }
        }
    }

    /// <summary>A chunk of a block as it is, or (without a member) one that was rebuilt.</summary>
    private readonly record struct Piece(int Member, ChunkMeta Chunk, int Rebuilt);
}
