namespace Narthex.Configuration;

/// <summary>A configuration that cannot be used. The message names the fault, in the words that users know.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>Reports a fault.</summary>
    public ConfigurationException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
        Faults = [message];
    }

    /// <summary>All that is to be said, where it is more than the message. Rule files are read twice, and both readings complain.</summary>
    public IReadOnlyList<string> Faults { get; internal init; }
}
