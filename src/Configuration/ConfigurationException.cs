namespace Narthex.Configuration;

/// <summary>A configuration that cannot be used. The message names the fault, in the words that users know.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Reports a fault.</summary>
    public ConfigurationException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
