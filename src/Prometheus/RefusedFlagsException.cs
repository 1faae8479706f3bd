namespace Narthex.Prometheus;

/// <summary>Flags that are well-formed but cannot be used: those of the agent given to the server, or the other way round, or a value that means nothing.</summary>
/// <param name="message">All that is printed.</param>
/// <param name="exitCode">What the process ends with; upstream has an exit code of its own for flags of the other mode.</param>
internal sealed class RefusedFlagsException(string message, int exitCode) : Exception(message)
{
    /// <summary>What the process ends with.</summary>
    public int ExitCode { get; } = exitCode;
}
