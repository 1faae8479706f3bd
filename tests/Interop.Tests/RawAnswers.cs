namespace Narthex.Interop.Tests;

/// <summary>What a server may say instead of an answer. Letters up to U+00FF stand for bytes.</summary>
internal static class RawAnswers
{
    private const string Fine = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n";

    /// <summary>To a request without encryption.</summary>
    public static IReadOnlyList<string> Plain { get; } =
    [
        "", "garbage\r\n\r\n", "\u0000\u0000\u0000\r\n\r\n", "\u0000", "\u0000\n\u0000\n", "a\u0000b c d\r\n\r\n", "\r\n", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n", "220 mail ESMTP\r\n", "-ERR unknown command\r\n", "+OK ready\r\n", "HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.2 200 OK\r\nContent-Length: 4\r\nContent-Type: text/plain\r\n\r\na 1\n", "HTTP/1 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTP/1.10 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\na 1\n", "HTTP/x.y 200 OK\r\n\r\n", "HTTPS/1.1 200 OK\r\n\r\n", "HTTP/1.1x 200 OK\r\n\r\n", "HTTP/ 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "HTTP/11 200 OK\r\n\r\n", "XTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 \r\n\r\n",
        "HTTP/1.1 200\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 -20 OK\r\n\r\n",
        "HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 abc Odd\r\n\r\n", "HTTP/1.1 200\tOK\r\n\r\n", "HTTP/1.1 200OK\r\n\r\n", "HTTP/1.1 500\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 Out of\u0001 order\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 503 \u00e9t\u00e9\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 404  two\r\nContent-Length: 0\r\n\r\n", Fine + ": x\r\nContent-Length: 4\r\n\r\na 1\n", "HTTP/1.1 200 OK\r\n lead: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\tlead: x\r\n\r\n", Fine + "\u00e9: 1\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "x\u0000y: 1\r\nContent-Length: 4\r\n\r\na 1\n",
        Fine + "a@b: 1\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "X-A: b\r\n folded\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "X A\r\nContent-Length: 4\r\n\r\na 1\n",
        Fine + "noColon\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "X-A : b\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "(x): 1\r\nContent-Length: 4\r\n\r\na 1\n",
        Fine + "X-\"q\": 1\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "Content-Type text/plain\r\nContent-Length: 4\r\n\r\na 1\n",
        Fine + "X-B: \u00ff\u00fe\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "\u0000: 1\r\nContent-Length: 4\r\n\r\na 1\n",
        Fine + "a\tb: 1\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "Content-Length : 4\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 4\n\na 1\n", Fine + "Transfer-Encoding: chunked\r\n\r\nzz\r\na 1\n\r\n0\r\n\r\n",
        Fine + "Transfer-Encoding: chunked\r\n\r\n4\r\na 1\n", Fine + "Transfer-Encoding: chunked\r\n\r\n4\r\na 1\nxx\r\n",
        Fine + "Transfer-Encoding: chunked\r\n\r\n8\r\na 1\n", Fine + "Transfer-Encoding: chunked\r\n\r\n", Fine + "Transfer-Encoding: chunked\r\n\r\n-4\r\n",
        Fine + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", Fine + "Transfer-Encoding: chunked\r\n\r\n4 \r\na 1\n\r\n0\r\n\r\n",
        Fine + "Transfer-Encoding: chunked\r\n\r\n4;x=y\r\na 1\n\r\n0\r\n\r\n", Fine + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n0\r\n\r\n",
        Fine + "Transfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n0\r\nX: y\r\n\r\n", Fine + "Transfer-Encoding: chunked\r\n\r\n4\r\na 1\n\r\n0\r\nbad\r\n\r\n",
        Fine + "Transfer-Encoding: chunked\r\n\r\n\r\n", Fine + "Content-Length: 40\r\n\r\na 1\n", Fine + "Content-Length: abc\r\n\r\na 1\n",
        Fine + "Content-Length: 4\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "Content-Length: 4, 4\r\n\r\na 1\n", Fine + "Content-Length: \r\n\r\na 1\n",
        Fine + "Content-Length: +4\r\n\r\na 1\n", Fine + "Content-Length: 99999999999999999999\r\n\r\na 1\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Ty", "HTTP/1.1 20", "HTTP", "HTTP/1.1 200 OK\r\nX: y\r\n",
        Fine + "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
        Fine + "Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "Content-Encoding: br\r\nContent-Length: 4\r\n\r\na 1\n",
        Fine + "Content-Encoding: identity\r\nContent-Length: 4\r\n\r\na 1\n", Fine + "Content-Encoding: GZIP\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n", "HTTP/1.1 200 OK\r\nContent-Type:\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.1 200 OK\r\nContent-Type: nonsense\r\nContent-Length: 4\r\n\r\na 1\n", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\na 1\n",
        "\u0000\u0000\u0012\u0004\u0000\u0000\u0000\u0000\u0000\u0000\u0003\u0000\u0000\u0000\u0080\u0000\u0004\u0000\u0001\u0000\u0000\u0000\u0005\u0000\u00ff\u00ff\u00ff",
        "\u0015\u0003\u0001\u0000\u0002\u0002F", "\u0016\u0003\u0001\u0000\u0002\u0002F\n", "<html>\n", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Proxy\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    ];

    /// <summary>To the beginning of a TLS handshake.</summary>
    public static IReadOnlyList<string> Handshakes { get; } =
    [
        "", "garbage\r\n\r\n", "\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000", "HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail ESMTP\r\n", "\u0015\u0003\u0001\u0000\u0002\u0002F", "\u0015\u0003\u0001\u0000\u0002\u0002(", "\u0015\u0003\u0003\u0000\u0002\u0002/",
        "\u0015\u0003\u0003\u0000\u0002\u0002p", "\u0015\u0003\u0003\u0000\u0002\u0001\u0000", "\u0015\u0003\u0003\u0000\u0002\u0002P",
        "\u0015\u0003\u0003\u0000\u0002\u0002x", "\u0016\u0003\u0001", "\u0016\u0003\u0001\u0000\u0005abc", "\u0016\u0003\u0001\u0000\u0005abcde",
        "\u0016\u0003\u0001\u00ff\u00ff",
        "\u0017\u0003\u0003\u0000\u0005abcde", "\u0014\u0003\u0003\u0000\u0001\u0001", "HTTP", "\u0080.\u0001\u0000\u0002", "\u0016\t\t\u0000\u0005abcde",
        "\u0015\u0003\u0001", "\u0015\u0003\u0003\u0000\u0002\u0002\u0099", "\u0015\u0003\u0003\u0000\u0002\u0002\n", "\u0015\u0003\u0003\u0000\u0002\u0002t",
        "\u0015\u0003\u0003\u0000\u0002\u0002*", "\u0015\u0003\u0003\u0000\u0002\u00020", "\u0002\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000", "\n",
        "\r\n\r\nhello world hello",
    ];

    /// <summary>Those that the two servers take in different ways, and why.</summary>
    public static IReadOnlyList<(string Answer, string Reason)> Known { get; } =
    [
        ("HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", "the platform takes versions from 1.0 to 1.9"),
        ("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "the platform takes versions from 1.0 to 1.9"),
        ("HTTP/0.9 200 OK\r\n\r\n", "the platform takes versions from 1.0 to 1.9"),
        ("HTTP/1.1  200 OK\r\n\r\n", "the platform takes one blank before the status"),
        (Fine + "a b: c\r\nContent-Length: 4\r\n\r\na 1\n", "the platform takes no blanks in names of headers"),
        (Fine + " lead: x\r\nContent-Length: 4\r\n\r\na 1\n", "the platform keeps the blanks where a header goes on in the next line; both fail"),
        (Fine + "X-A: a\u0000b\r\nContent-Length: 4\r\n\r\na 1\n", "the platform takes control characters in headers"),
        (Fine + "X-A: \u007f\r\nContent-Length: 4\r\n\r\na 1\n", "the platform takes control characters in headers"),
        (Fine + "Transfer-Encoding: gzip\r\n\r\na 1\n", "the platform reads on to the end of the connection"),
        (Fine + "Transfer-Encoding: identity\r\nContent-Length: 4\r\n\r\na 1\n", "the platform takes that for no encoding, which it says"),
        (Fine + "Transfer-Encoding: chunked, chunked\r\n\r\n4\r\na 1\n\r\n0\r\n\r\n", "the platform takes what is chunked twice as chunked once"),
        (Fine + "Transfer-Encoding: chunked\r\n\r\n4\na 1\n\n0\n\n", "the platform takes lines of chunks that end without a carriage return"),
        ("HTTP/1.1 301 Moved\r\nLocation: \u0001\r\nContent-Length: 0\r\n\r\n", "the platform takes control characters in headers; both fail"),
    ];
}
