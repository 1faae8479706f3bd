using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Chunks;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Blocks;

/// <summary>Series of a block, ascending by labels as their numbers do. Labels and chunks are read when they are asked for.</summary>
internal sealed class BlockSelection(BlockQuerier querier, uint[] series, int count) : ISeriesSelection
{
    public int Count => count;

    public IReadOnlyList<string> Warnings => [];

    public Labels GetLabels(int index) => querier.Block.Index.ReadLabels(At(index));

    public bool MayHaveLabel(ReadOnlySpan<byte> name) => querier.Block.Index.Postings.CountValues(name) > 0;

    public void ReadSamples(int index, SampleBuffer samples)
    {
        uint reference = At(index);
        ReadOnlySpan<TimeRange> deleted = querier.Tombstones.Get(reference);
        BlockReader block = querier.Block;
        int start = samples.Count;
        SeriesChunks chunks = block.Index.ReadChunks(reference);
        while (chunks.MoveNext())
        {
            ChunkMeta chunk = chunks.Current;
            if (!chunk.Range.Overlaps(querier.Range) || DeletedIntervals.Cover(deleted, chunk.Range))
            {
                continue;
            }

            ReadOnlySpan<byte> data = block.ReadChunk(chunk, out ChunkEncoding encoding);
            int runStart = samples.Count;
            try
            {
                ChunkDecoder.Append(encoding, data, querier.Range, samples);
            }
            catch (ChunkCorruptionException error)
            {
                throw new BlockCorruptionException(Path.GetFileName(block.DirectoryPath), $"chunks: reference {chunk.Ref}", error.Message, error);
            }

            if (DeletedIntervals.Touch(deleted, chunk.Range))
            {
                DeletedIntervals.Remove(deleted, samples, runStart);
            }

            SampleMerging.MergeRun(samples, start, runStart); // Old releases wrote overlapping chunks.
        }

        if (chunks.Failed)
        {
            throw block.Index.Corrupt("series", $"entry {reference} is damaged");
        }
    }

    public void Dispose()
    {
    }

    private uint At(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)count, nameof(index));
        return series[index];
    }
}
