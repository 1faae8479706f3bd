using Narthex.Model;

namespace Narthex.Tsdb.Blocks;

/// <summary>What goes into a block: the head, other blocks merged, or imported samples.</summary>
/// <remarks>The writer walks the symbols once, then the series once. What it walks may not change meanwhile.</remarks>
public interface IBlockSeriesSource
{
    /// <summary>All strings that occur in the series' labels, ascending by bytes, each once. Others among them do no harm but take space.</summary>
    ISymbolCursor OpenSymbols();

    /// <summary>The series, ascending by labels, each once.</summary>
    IBlockSeriesCursor OpenSeries();
}

/// <summary>Walks strings. Not thread-safe.</summary>
public interface ISymbolCursor : IDisposable
{
    /// <summary>The string that was reached. Valid until the next move.</summary>
    ReadOnlySpan<byte> Current { get; }

    /// <summary>Goes to the next string. False at the end.</summary>
    bool MoveNext();
}

/// <summary>Walks series with their chunks. Not thread-safe.</summary>
public interface IBlockSeriesCursor : IDisposable
{
    /// <summary>The labels of the series that was reached.</summary>
    Labels Labels { get; }

    /// <summary>The number of its chunks. A series without chunks is left out of the block.</summary>
    int ChunkCount { get; }

    /// <summary>Goes to the next series. False at the end.</summary>
    bool MoveNext();

    /// <summary>A chunk of the series; they ascend by time and do not overlap. Valid until the next call of a member.</summary>
    BlockChunk GetChunk(int index);
}
