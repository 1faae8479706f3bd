using System.Net.Sockets;
using System.Security.Authentication;

namespace Narthex.HttpClients;

/// <summary>Words faults of the network as users know them from upstream.</summary>
public static class NetworkErrors
{
    /// <summary>A fault in upstream's words.</summary>
    /// <param name="error">The fault.</param>
    /// <param name="uri">What was asked for.</param>
    /// <param name="isBody">Whether the answer had begun.</param>
    public static string Explain(Exception error, Uri uri, bool isBody) => error.GetBaseException() switch
    {
        DialException { SocketErrorCode: SocketError.ConnectionRefused } dial => $"{dial.Place}: connect: connection refused",
        DialException { SocketErrorCode: SocketError.HostUnreachable } dial => $"{dial.Place}: connect: no route to host",
        DialException { SocketErrorCode: SocketError.NetworkUnreachable } dial => $"{dial.Place}: connect: network is unreachable",
        DialException { SocketErrorCode: SocketError.TimedOut } dial => $"{dial.Place}: connect: connection timed out",
        DialException dial => $"{dial.Place}: connect: {dial.Message}",
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"dial tcp {uri.Host}:{uri.Port}: connect: connection refused",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } => $"dial tcp: lookup {uri.Host}: no such host",
        SocketException { SocketErrorCode: SocketError.ConnectionReset } => "read: connection reset by peer",
        SocketException { SocketErrorCode: SocketError.HostUnreachable } => $"dial tcp {uri.Host}:{uri.Port}: connect: no route to host",
        SocketException { SocketErrorCode: SocketError.NetworkUnreachable } => $"dial tcp {uri.Host}:{uri.Port}: connect: network is unreachable",
        SocketException socket => $"dial tcp {uri.Host}:{uri.Port}: {socket.Message}",
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => isBody ? "unexpected EOF" : "EOF",
        InvalidDataException data => "gzip: " + data.Message,
        AuthenticationException plain when plain.Message.Contains("Cannot determine the frame size", StringComparison.Ordinal) =>
            "http: server gave HTTP response to HTTPS client",
        AuthenticationException tls => "tls: " + Explain(tls),
        var other => other.Message,
    };

    // The runtime names the reason at the end of a sentence; upstream's users search for these words.
    private static string Explain(AuthenticationException error)
    {
        string message = error.Message;
        bool Says(string reason) => message.Contains(reason, StringComparison.Ordinal);
        return Says("RemoteCertificateNameMismatch") ? "failed to verify certificate: x509: certificate is not valid for the name asked for"
            : Says("NotTimeValid") ? "failed to verify certificate: x509: certificate has expired or is not yet valid"
            : Says("UntrustedRoot") || Says("PartialChain") ? "failed to verify certificate: x509: certificate signed by unknown authority"
            : message;
    }
}
