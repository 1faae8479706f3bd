using System.Runtime.InteropServices;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Head.ChunkFiles;

/// <summary>Holds the chunks that were found in files at the start, until the replay finds the series that they belong to.</summary>
/// <remarks>Not thread-safe: the thread that reads the log owns it.</remarks>
internal sealed class HeadChunkLoader(HeadStorage head, long minValidMs)
{
    private readonly Dictionary<ulong, HeadChunkChain> _chains = [];

    /// <summary>The greatest number of a series seen.</summary>
    public ulong GreatestNumber { get; private set; }

    /// <summary>Chunks of samples that came late, by place. They count only if the log of such samples names them.</summary>
    public Dictionary<HeadChunkRef, HeadChunk> OutOfOrder { get; } = [];

    /// <summary>Series whose chunks wait to be claimed.</summary>
    public int Count => _chains.Count;

    /// <summary>Takes a chunk, in the order in which they were written. Says what is wrong with it, if something is.</summary>
    public string? Add(HeadChunk chunk)
    {
        GreatestNumber = Math.Max(GreatestNumber, chunk.Series);
        if (chunk.IsOutOfOrder)
        {
            if (CanRead(chunk.Encoding) && chunk.MinMs <= chunk.MaxMs)
            {
                OutOfOrder.Add(chunk.Ref, chunk);
            }

            return null;
        }

        ref HeadChunkChain chain = ref CollectionsMarshal.GetValueRefOrAddDefault(_chains, chunk.Series, out bool exists);
        if (chunk.MinMs > chunk.MaxMs || (exists && chunk.MinMs <= chain.MaxMs))
        {
            return $"the chunk of series {chunk.Series} from {chunk.MinMs} to {chunk.MaxMs} is out of sequence";
        }

        chain.MaxMs = chunk.MaxMs;
        if (chain.IsUnusable || chunk.MaxMs < minValidMs)
        {
            return null;
        }

        if (!CanRead(chunk.Encoding))
        {
            // All samples of the series come from the log then: a part of its chunks would hide those in between.
            head.ClosedChunks.Free([chain.Newest]);
            chain = new HeadChunkChain { IsUnusable = true, MaxMs = chunk.MaxMs };
            return null;
        }

        if (chain.Newest == 0)
        {
            chain.MinMs = chunk.MinMs;
        }

        chain.Newest = head.ClosedChunks.Add(chain.Newest, chunk);
        chain.HasHistograms |= ChunkEncodings.IsHistogram(chunk.Encoding);
        chain.Count++;
        return null;
    }

    /// <summary>Whether all chunks can be used, if these series are all there are; null for series that are still to come.</summary>
    public bool AreComplete(HashSet<ulong>? numbers)
    {
        foreach ((ulong number, HeadChunkChain chain) in _chains)
        {
            if (chain.IsUnusable || (chain.Newest != 0 && numbers?.Contains(number) == false))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Gives the chunks of a series away. False if there are none.</summary>
    public bool TryClaim(ulong number, out HeadChunkChain chain) => _chains.Remove(number, out chain) && chain.Newest != 0;

    /// <summary>Forgets the chunks that nobody has claimed.</summary>
    public void FreeUnclaimed()
    {
        head.ClosedChunks.Free([.. _chains.Values.Where(chain => chain.Newest != 0).Select(chain => chain.Newest)]);
        _chains.Clear();
        _chains.TrimExcess();
    }

    private static bool CanRead(ChunkEncoding encoding) => ChunkEncodings.IsFloat(encoding) || ChunkEncodings.IsHistogram(encoding);
}

/// <summary>The chunks of a series in files.</summary>
internal struct HeadChunkChain
{
    /// <summary>The newest of them in the store; 0 for none.</summary>
    public uint Newest;

    /// <summary>How many there are.</summary>
    public int Count;

    /// <summary>The first time.</summary>
    public long MinMs;

    /// <summary>The last time, of chunks that are not used too.</summary>
    public long MaxMs;

    /// <summary>Whether any of them has histograms.</summary>
    public bool HasHistograms;

    /// <summary>Whether there is one that cannot be read.</summary>
    public bool IsUnusable;
}
