using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Blocks;

/// <summary>A block as a source of another one, as it is: deleted samples included.</summary>
internal sealed class BlockSource(BlockReader block) : IBlockSeriesSource
{
    public ISymbolCursor OpenSymbols() => block.Index.Symbols.Open();

    public IBlockSeriesCursor OpenSeries() => new Cursor(block);

    /// <summary>The series of a block in order. <see cref="Series"/> and <see cref="Chunks"/> are for merging.</summary>
    internal sealed class Cursor(BlockReader block) : IBlockSeriesCursor
    {
        private readonly List<ChunkMeta> _chunks = [];
        private readonly uint[] _all = AllSeries(block.Index);
        private int _next;

        public BlockReader Block => block;

        public uint Series { get; private set; }

        public Labels Labels { get; private set; }

        public ReadOnlySpan<ChunkMeta> Chunks => CollectionsMarshal.AsSpan(_chunks);

        public int ChunkCount => _chunks.Count;

        public bool MoveNext()
        {
            if (_next >= _all.Length)
            {
                return false;
            }

            Series = _all[_next++];
            Labels labels = block.Index.ReadLabels(Series);
            if (_next > 1 && labels.CompareTo(Labels) <= 0)
            {
                throw block.Index.Corrupt("series", $"entry {Series} is not behind the one before");
            }

            Labels = labels;
            _chunks.Clear();
            SeriesChunks chunks = block.Index.ReadChunks(Series);
            while (chunks.MoveNext())
            {
                _chunks.Add(chunks.Current);
            }

            return chunks.Failed ? throw block.Index.Corrupt("series", $"entry {Series} is damaged") : true;
        }

        public BlockChunk GetChunk(int index)
        {
            ReadOnlySpan<byte> data = block.ReadChunk(_chunks[index], out ChunkEncoding encoding);
            return new BlockChunk(_chunks[index].Range, encoding, data);
        }

        public void Dispose()
        {
        }

        private static uint[] AllSeries(IndexReader index)
        {
            PostingsView list = index.GetPostings(default, default);
            uint[] all = new uint[list.Count];
            list.CopyTo(all);
            return all;
        }
    }
}
