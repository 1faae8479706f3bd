using Narthex.Model;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Tests.Blocks;

/// <summary>Series with encoded chunks in memory, as a source of blocks.</summary>
internal sealed class MemorySource : IBlockSeriesSource
{
    public List<(Labels Labels, List<(TimeRange Range, ChunkEncoding Encoding, byte[] Data)> Chunks)> Series { get; } = [];

    public static (TimeRange Range, ChunkEncoding Encoding, byte[] Data) Encode(params ReadOnlySpan<(long Time, double Value)> samples)
    {
        var state = new XorAppenderState();
        byte[] chunk = new byte[(samples.Length * XorEncoder.BytesPerSampleMax) + 2];
        foreach ((long time, double value) in samples)
        {
            Assert.True(XorEncoder.TryAppend(ref state, chunk, time, value));
        }

        return (new TimeRange(samples[0].Time, samples[^1].Time), ChunkEncoding.Xor, chunk[..state.ByteCount]);
    }

    public MemorySource Add(Labels labels, params ReadOnlySpan<(long Time, double Value)> samples)
    {
        int index = Series.FindIndex(series => series.Labels == labels);
        if (index < 0)
        {
            Series.Add((labels, []));
            index = Series.Count - 1;
        }

        Series[index].Chunks.Add(Encode(samples));
        return this;
    }

    public ISymbolCursor OpenSymbols()
    {
        var symbols = new SymbolCollector();
        Series.ForEach(series => symbols.Add(series.Labels));
        return symbols.Open();
    }

    public IBlockSeriesCursor OpenSeries()
    {
        Series.Sort((left, right) => left.Labels.CompareTo(right.Labels));
        return new Cursor(this);
    }

    public BlockMeta Write(string parent, long minTime, long maxTime) =>
        BlockWriter.Write(parent, new BlockMeta { Ulid = BlockId.New(TimeProvider.System), MinTime = minTime, MaxTime = maxTime }, this)!;

    private sealed class Cursor(MemorySource source) : IBlockSeriesCursor
    {
        private int _index = -1;

        public Labels Labels => source.Series[_index].Labels;

        public int ChunkCount => source.Series[_index].Chunks.Count;

        public bool MoveNext() => ++_index < source.Series.Count;

        public BlockChunk GetChunk(int index)
        {
            (TimeRange range, ChunkEncoding encoding, byte[] data) = source.Series[_index].Chunks[index];
            return new BlockChunk(range, encoding, data);
        }

        public void Dispose()
        {
        }
    }
}
