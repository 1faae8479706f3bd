using Narthex.Model;
using Narthex.Tsdb.Blocks;

namespace Narthex.Tsdb.Compaction;

/// <summary>Passes a source on and counts its chunks in the metrics.</summary>
internal sealed class ObservedSource(IBlockSeriesSource source, BlockSetMetrics metrics) : IBlockSeriesSource
{
    public ISymbolCursor OpenSymbols() => source.OpenSymbols();

    public IBlockSeriesCursor OpenSeries() => new Cursor(source.OpenSeries(), metrics);

    private sealed class Cursor(IBlockSeriesCursor cursor, BlockSetMetrics metrics) : IBlockSeriesCursor
    {
        public Labels Labels => cursor.Labels;

        public int ChunkCount => cursor.ChunkCount;

        public bool MoveNext() => cursor.MoveNext();

        public BlockChunk GetChunk(int index)
        {
            BlockChunk chunk = cursor.GetChunk(index);
            metrics.ObserveChunk(chunk);
            return chunk;
        }

        public void Dispose() => cursor.Dispose();
    }
}
