namespace Narthex.Hosting;

/// <summary>The server could not start. What was wrong has been logged.</summary>
/// <param name="message">What was wrong.</param>
/// <param name="isConfigurationError">Whether the configuration or a setting was at fault.</param>
/// <param name="innerException">What it came from.</param>
public sealed class ServerStartException(string message, bool isConfigurationError, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether the configuration or a setting was at fault, rather than the machine.</summary>
    public bool IsConfigurationError { get; } = isConfigurationError;
}
