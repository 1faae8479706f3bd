using Narthex.Storage;

namespace Narthex.Tsdb.Chunks;

/// <summary>The bytes of a chunk do not hold what its header promises.</summary>
public sealed class ChunkCorruptionException(string message) : StorageException(message);
