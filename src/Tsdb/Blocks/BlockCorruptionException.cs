using Narthex.Storage;

namespace Narthex.Tsdb.Blocks;

/// <summary>A file of a block does not hold what the format promises. The message names the block and the place.</summary>
public sealed class BlockCorruptionException : StorageException
{
    /// <summary>Makes one.</summary>
    public BlockCorruptionException(string block, string place, string problem, Exception? innerException = null)
        : base($"block {block}: {place}: {problem}", innerException)
    {
        Block = block;
        Place = place;
    }

    /// <summary>The block's name, which is that of its directory.</summary>
    public string Block { get; }

    /// <summary>The file and the part of it, such as <c>index: symbols</c>.</summary>
    public string Place { get; }
}
