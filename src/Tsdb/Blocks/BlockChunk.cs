using Narthex.Model;
using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb.Blocks;

/// <summary>A chunk as it goes into a block. The bytes belong to whoever handed it out.</summary>
public readonly ref struct BlockChunk(TimeRange range, ChunkEncoding encoding, ReadOnlySpan<byte> data)
{
    /// <summary>The times of the first and the last sample.</summary>
    public TimeRange Range { get; } = range;

    /// <summary>How the samples are encoded.</summary>
    public ChunkEncoding Encoding { get; } = encoding;

    /// <summary>The encoded samples: exactly the chunk, no bytes behind it.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>The number of samples: all encodings begin with it.</summary>
    public int SampleCount => ChunkEncodings.CountSamples(Encoding, Data);
}

/// <summary>Where a chunk of a series stands and which times it covers.</summary>
/// <param name="Range">The times of its first and its last sample.</param>
/// <param name="Ref">The number of the segment (from 0) in the upper, the offset in it in the lower four bytes.</param>
public readonly record struct ChunkMeta(TimeRange Range, ulong Ref);
