namespace Narthex.Prometheus;

/// <summary>Flags of the agent were given to the server, or the other way round. Upstream has an exit code of its own for it.</summary>
internal sealed class WrongModeException(string message) : Exception(message);
