using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Narthex.HttpClients.Tls;
using Narthex.Model;

namespace Narthex.HttpClients;

/// <summary>Words faults of the network as users know them from upstream.</summary>
public static partial class NetworkErrors
{
    /// <summary>Set on a request that was redirected: where to, last.</summary>
    public static HttpRequestOptionsKey<string> LastHop { get; } = new("narthex.last-hop");

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
        DialException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } dial => $"{dial.Place}: {dial.Message}",
        DialException dial => $"{dial.Place}: connect: {dial.Message}",
        ConnectionLostException lost => lost.Message,
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"dial tcp {uri.Host}:{uri.Port}: connect: connection refused",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } => $"dial tcp: lookup {uri.Host}: no such host",
        SocketException { SocketErrorCode: SocketError.ConnectionReset } => "read: connection reset by peer",
        SocketException { SocketErrorCode: SocketError.HostUnreachable } => $"dial tcp {uri.Host}:{uri.Port}: connect: no route to host",
        SocketException { SocketErrorCode: SocketError.NetworkUnreachable } => $"dial tcp {uri.Host}:{uri.Port}: connect: network is unreachable",
        SocketException { SocketErrorCode: SocketError.Shutdown } => "write: broken pipe",
        SocketException socket => $"dial tcp {uri.Host}:{uri.Port}: {socket.Message}",
        IOException { Message: "Received an unexpected EOF or 0 bytes from the transport stream." } => "EOF",
        HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => isBody ? "unexpected EOF" : "EOF",
        InvalidDataException data when data.Message.Contains("unsupported compression method", StringComparison.Ordinal) => "gzip: invalid header",
        InvalidDataException data => "gzip: " + data.Message,
        AuthenticationException plain when plain.Message.Contains("Cannot determine the frame size", StringComparison.Ordinal) =>
            "http: server gave HTTP response to HTTPS client",
        AuthenticationException tls => "tls: " + Explain(tls),
        var other when other.Message.Contains("SSL routines::", StringComparison.Ordinal) => ExplainSsl(other.Message),
        HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } tunnel when ProxyStatus().Match(tunnel.Message) is { Success: true } status =>
            ReasonOf(int.Parse(status.Groups[1].Value, CultureInfo.InvariantCulture)),
        var other => ExplainAnswer(other.Message, isBody),
    };

    // What the other side says about the handshake, and what this side says, end up in one sentence of the library.
    private static string ExplainSsl(string message)
    {
        string reason = message[(message.IndexOf("SSL routines::", StringComparison.Ordinal) + "SSL routines::".Length)..];
        bool Says(string part) => reason.Contains(part, StringComparison.Ordinal);
        return HandshakeFaults.ExplainLibrary(reason.Split('\n')[0].TrimEnd()) is { } alert ? alert
            : Says("alert") ? "remote error: tls: " + reason
            : Says("no ciphers available") || Says("no protocols available") ? "tls: no supported versions satisfy MinVersion and MaxVersion"
            : "tls: " + reason;
    }

    // An answer that is no HTTP.
    private static string ExplainAnswer(string message, bool isBody)
    {
        string broken = isBody ? "" : "net/http: HTTP/1.x transport connection broken: ";
        if (message.StartsWith("The HTTP response headers length exceeded", StringComparison.Ordinal))
        {
            return broken + "net/http: server response headers exceeded 10485760 bytes; aborted";
        }

        if (message.StartsWith("Received chunk header length could not be parsed", StringComparison.Ordinal))
        {
            return ExplainChunkLength(ChunkLength().Match(message).Groups[1].Value);
        }

        if (message.StartsWith("Received an invalid chunk terminator", StringComparison.Ordinal))
        {
            return "malformed chunked encoding";
        }

        Match line = InvalidLine().Match(message);
        string text = line.Groups[2].Value.TrimEnd('\r');
        return !line.Success ? message : broken + line.Groups[1].Value switch
        {
            "status line" => ExplainStatusLine(text),
            "status code" => $"malformed HTTP status code {GoQuote.Quote(text.TrimEnd())}",
            "header name" => $"malformed MIME header line: {text}",
            _ => $"malformed MIME header: missing colon: {GoQuote.Quote(text)}",
        };
    }

    // The platform tells the line by the numbers of its bytes: 66-66.
    private static string ExplainChunkLength(string line) => line.Length == 0 ? "empty hex number for chunk length"
        : ChunkOfDigits().IsMatch(line) ? "http chunk length too large"
        : "invalid byte in chunk length";

    private static string ExplainStatusLine(string line)
    {
        string[] parts = line.Split(' ', 3);
        return parts.Length < 2 ? $"malformed HTTP response {GoQuote.Quote(line)}"
            : parts[1].Length != 3 || parts[1].AsSpan().ContainsAnyExceptInRange('0', '9') ? $"malformed HTTP status code {GoQuote.Quote(parts[1])}"
            : $"malformed HTTP version {GoQuote.Quote(parts[0])}";
    }

    private static string ReasonOf(int code)
    {
        using var answer = new HttpResponseMessage((HttpStatusCode)code);
        return answer.ReasonPhrase is { Length: > 0 } reason ? reason : $"the proxy answered {code}";
    }

    [GeneratedRegex("status code '([0-9]{3})'")]
    private static partial Regex ProxyStatus();

    [GeneratedRegex("^Received an invalid (status line|status code|header line|header name): '(.*)'\\.$", RegexOptions.Singleline)]
    private static partial Regex InvalidLine();

    [GeneratedRegex("'(.*)'", RegexOptions.Singleline)]
    private static partial Regex ChunkLength();

    // More digits than 64 bits have.
    [GeneratedRegex("^((3[0-9]|[46][1-6])(-|$)){17}")]
    private static partial Regex ChunkOfDigits();

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
