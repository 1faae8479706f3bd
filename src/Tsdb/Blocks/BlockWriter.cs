using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks.Files;
using Narthex.Tsdb.Index;

namespace Narthex.Tsdb.Blocks;

/// <summary>Writes blocks. One appears complete under its name, or not at all.</summary>
public static class BlockWriter
{
    private const int CancellationInterval = 1024;

    /// <summary>Writes a block.</summary>
    /// <param name="parent">The directory of all blocks.</param>
    /// <param name="meta">Name, range and origin; the statistics are filled in.</param>
    /// <param name="source">What goes into it. Chunks are taken as they are.</param>
    /// <param name="cancellationToken">Ends the writing; nothing is left behind.</param>
    /// <returns>The block's description, or null if the source had no samples: then there is no block.</returns>
    /// <exception cref="StorageException">The disk did not take it; nothing is left behind.</exception>
    public static BlockMeta? Write(string parent, BlockMeta meta, IBlockSeriesSource source, CancellationToken cancellationToken = default) =>
        Write(parent, meta, source, ChunkSegmentWriter.SegmentBytesDefault, cancellationToken);

    /// <inheritdoc cref="Write(string, BlockMeta, IBlockSeriesSource, CancellationToken)"/>
    /// <param name="chunkSegmentBytes">The most bytes of one file of chunks.</param>
#pragma warning disable CS1573 // The others are inherited.
    public static BlockMeta? Write(string parent, BlockMeta meta, IBlockSeriesSource source, long chunkSegmentBytes, CancellationToken cancellationToken)
#pragma warning restore CS1573
    {
        string final = Path.Combine(parent, meta.Ulid.ToString());
        string temporary = final + BlockDirectory.CreationSuffix;
        try
        {
            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }

            string chunks = Path.Combine(temporary, BlockReader.ChunksDirectory);
            Directory.CreateDirectory(chunks);
            BlockStats stats = WriteSeries(temporary, chunks, chunkSegmentBytes, source, cancellationToken);
            if (stats.NumSamples == 0)
            {
                Directory.Delete(temporary, recursive: true);
                return null;
            }

            BlockMeta written = meta with { Stats = stats, Version = BlockMeta.CurrentVersion };
            BlockMetaFile.Write(temporary, written);
            TombstoneFile.Write(temporary, TombstoneSet.Empty);
            BlockDirectory.Publish(temporary, final);
            return written;
        }
        catch (Exception error)
        {
            RemoveQuietly(temporary);
            if (error is IOException or UnauthorizedAccessException)
            {
                throw new StorageException($"write block {meta.Ulid}: {error.Message}", error);
            }

            throw;
        }
    }

    private static BlockStats WriteSeries(
        string directory, string chunksDirectory, long chunkSegmentBytes, IBlockSeriesSource source, CancellationToken cancellationToken)
    {
        using var chunkWriter = new ChunkSegmentWriter(chunksDirectory, chunkSegmentBytes);
        using var index = new IndexWriter(Path.Combine(directory, IndexFormat.FileName));
        using (ISymbolCursor symbols = source.OpenSymbols())
        {
            while (symbols.MoveNext())
            {
                index.AddSymbol(symbols.Current);
            }
        }

        ulong samples = 0;
        ulong histograms = 0;
        ulong chunkCount = 0;
        ulong seriesCount = 0;
        ChunkMeta[] metas = new ChunkMeta[16];
        using (IBlockSeriesCursor series = source.OpenSeries())
        {
            for (int i = 0; series.MoveNext(); i++)
            {
                if (i % CancellationInterval == 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                int count = series.ChunkCount;
                if (count == 0)
                {
                    continue;
                }

                if (metas.Length < count)
                {
                    metas = new ChunkMeta[count * 2];
                }

                for (int chunk = 0; chunk < count; chunk++)
                {
                    BlockChunk next = series.GetChunk(chunk);
                    metas[chunk] = new ChunkMeta(next.Range, chunkWriter.Write(next.Encoding, next.Data));
                    samples += (ulong)next.SampleCount;
                    histograms += Chunks.ChunkEncodings.IsFloat(next.Encoding) ? 0 : (ulong)next.SampleCount;
                }

                index.AddSeries(series.Labels, metas.AsSpan(0, count));
                chunkCount += (ulong)count;
                seriesCount++;
            }
        }

        if (samples > 0)
        {
            chunkWriter.Finish();
            index.Finish();
        }

        // Upstream's present release says how many are floats or histograms only where there are both.
        return new BlockStats
        {
            NumSamples = samples,
            NumFloatSamples = histograms > 0 ? samples - histograms : 0,
            NumHistogramSamples = histograms,
            NumSeries = seriesCount,
            NumChunks = chunkCount,
        };
    }

    // The first error is what must be reported; leftovers go at the next start.
    private static void RemoveQuietly(string directory)
    {
        try
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }
}
