using Narthex.Model;
using Narthex.Storage;
using Narthex.Tsdb.Blocks;
using Narthex.Tsdb.Compaction;
using Narthex.Tsdb.Head;
using Narthex.Tsdb.Head.OutOfOrder;

namespace Narthex.Tsdb;

/// <summary>Moves the samples that came out of order from the head into blocks of their own, one for each range; these may overlap others, with which they are merged later.</summary>
internal static class OutOfOrderCompactor
{
    private static readonly string[] s_hints = [BlockMeta.OutOfOrderHint];

    /// <summary>Writes the blocks, then drops their samples from memory and log. A kill before the end leaves samples in both, which count once.</summary>
    /// <exception cref="Storage.StorageException">A block could not be written: memory and log are as they were.</exception>
    public static void Run(HeadStorage head, BlockSet blocks, CancellationToken cancellationToken)
    {
        if (!head.OutOfOrder.HasAny)
        {
            return;
        }

        Dictionary<uint, OutOfOrderChunk[]> closed = head.CloseOutOfOrder(out int segment);
        if (closed.Count > 0)
        {
            using var source = new OutOfOrderBlockSource(head, closed, cancellationToken);
            foreach (long start in FindRanges(closed, head.ChunkRangeMs))
            {
                source.SetRange(new TimeRange(start, start + head.ChunkRangeMs - 1));
                blocks.WriteBlock(source, start, start + head.ChunkRangeMs, s_hints, cancellationToken);
            }
        }

        head.DropOutOfOrder(closed, segment);
    }

    /// <summary>Writes blocks with the samples that came out of order beside a snapshot. The head stays as it is.</summary>
    public static void WriteSnapshot(HeadStorage head, BlockSet blocks, string directory, CancellationToken cancellationToken)
    {
        if (!head.OutOfOrder.HasAny)
        {
            return;
        }

        // The view comes first: chunks in files stay as long as it is open.
        using IQuerier view = head.OpenQuerier(TimeRange.All);
        Dictionary<uint, OutOfOrderChunk[]> chunks = head.CopyOutOfOrder();
        using var source = new OutOfOrderBlockSource(head, chunks, cancellationToken);
        foreach (long start in FindRanges(chunks, head.ChunkRangeMs))
        {
            var range = new TimeRange(start, start + head.ChunkRangeMs - 1);
            source.SetRange(range);
            blocks.WriteSnapshot(directory, source, range, cancellationToken, s_hints);
        }
    }

    private static SortedSet<long> FindRanges(Dictionary<uint, OutOfOrderChunk[]> closed, long rangeMs)
    {
        var starts = new SortedSet<long>();
        foreach (OutOfOrderChunk[] chunks in closed.Values)
        {
            foreach (OutOfOrderChunk chunk in chunks)
            {
                for (long start = StartOf(chunk.Range.MinMs, rangeMs); start <= chunk.Range.MaxMs; start += rangeMs)
                {
                    starts.Add(start);
                }
            }
        }

        return starts;
    }

    private static long StartOf(long timestampMs, long rangeMs) => timestampMs - (((timestampMs % rangeMs) + rangeMs) % rangeMs);
}
