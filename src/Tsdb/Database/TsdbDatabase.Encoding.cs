using Narthex.Tsdb.Chunks;

namespace Narthex.Tsdb;

/// <content>How samples are encoded.</content>
public sealed partial class TsdbDatabase
{
    /// <summary>Changes how float samples are encoded from the next chunk on (<c>storage.tsdb.chunk_encoding.floats</c>). Blocks on disk stay as they are.</summary>
    /// <exception cref="ArgumentException">It is not an encoding of floats, or it cannot hold the start timestamps that are kept.</exception>
    public void SetFloatEncoding(ChunkEncoding encoding) => Head.FloatEncoding = encoding;
}
