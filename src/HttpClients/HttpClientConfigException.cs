namespace Narthex.HttpClients;

/// <summary>HTTP client settings that cannot be used: a certificate that cannot be read, a mechanism that is not available.</summary>
public sealed class HttpClientConfigException(string message, Exception? innerException = null) : Exception(message, innerException);
