namespace Narthex.CommandLine;

/// <summary>The arguments do not fit. The message is what upstream's programs would say.</summary>
/// <param name="message">What is wrong.</param>
/// <param name="isValueError">The flags are known, and a value is not one: upstream's programs then also print their usage and exit with 2.</param>
public sealed class FlagException(string message, bool isValueError = false) : Exception(message)
{
    /// <summary>Whether a value was at fault rather than a flag.</summary>
    public bool IsValueError { get; } = isValueError;
}
