namespace Narthex.Tsdb.Snapshots;

/// <summary>A snapshot cannot be used, and nothing was made of it.</summary>
internal sealed class SnapshotException(string message, Exception? inner = null) : Exception(message, inner);
