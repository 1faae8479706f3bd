using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;

namespace Narthex.HttpClients.Tls;

/// <summary>Says what is wrong with the beginning of what should be a TLS handshake, in the words that users know.</summary>
/// <remarks>The platform's library tells noise from other noise by chance; the first record tells it for sure (RFC 8446, section 5.1).</remarks>
internal static class HandshakeFaults
{
    private const int HeaderLength = 5;
    private const int RecordBytesMax = 16384 + 2048;
    private const int MessageBytesMax = 65536;
    private const byte Alert = 21;
    private const byte Handshake = 22;
    private const byte OldHello = 0x80;
    private const byte CloseNotify = 0;
    private const byte UserCanceled = 90;

    // What an alert says: its number (RFC 8446, section 6, and those of older versions), its words here, and the words of OpenSSL.
    private static readonly (byte Number, string Words, string Library)[] s_alerts =
    [
        (10, "unexpected message", "unexpected message"), (20, "bad record MAC", "bad record mac"), (21, "decryption failed", "decryption failed"),
        (22, "record overflow", "record overflow"), (30, "decompression failure", "decompression failure"), (40, "handshake failure", "handshake failure"),
        (42, "bad certificate", "bad certificate"), (43, "unsupported certificate", "unsupported certificate"), (44, "revoked certificate", "certificate revoked"),
        (45, "expired certificate", "certificate expired"), (46, "unknown certificate", "certificate unknown"), (47, "illegal parameter", "illegal parameter"),
        (48, "unknown certificate authority", "unknown ca"), (49, "access denied", "access denied"), (50, "error decoding message", "decode error"),
        (51, "error decrypting message", "decrypt error"), (60, "export restriction", "export restriction"),
        (70, "protocol version not supported", "protocol version"), (71, "insufficient security level", "insufficient security"),
        (80, "internal error", "internal error"), (86, "inappropriate fallback", "inappropriate fallback"), (90, "user canceled", "user cancelled"),
        (100, "no renegotiation", "no renegotiation"), (109, "missing extension", "missing extension"), (110, "unsupported extension", "unsupported extension"),
        (111, "certificate unobtainable", "certificate unobtainable"), (112, "unrecognized name", "unrecognized name"),
        (113, "bad certificate status response", "bad certificate status response"), (114, "bad certificate hash value", "bad certificate hash value"),
        (115, "unknown PSK identity", "unknown psk identity"), (116, "certificate required", "certificate required"),
        (120, "no application protocol", "no application protocol"), (121, "encrypted client hello required", "ech required"),
    ];

    private static readonly FrozenDictionary<byte, string> s_words = s_alerts.ToFrozenDictionary(alert => alert.Number, alert => alert.Words);

    /// <summary>The fault of the first record; null if there is none that we know.</summary>
    /// <param name="bytes">What came.</param>
    /// <param name="ended">Whether nothing will follow.</param>
    public static string? Explain(ReadOnlySpan<byte> bytes, bool ended)
    {
        if (bytes.Length < HeaderLength)
        {
            return !ended ? null : bytes.IsEmpty ? "EOF" : "unexpected EOF";
        }

        byte type = bytes[0];
        int version = BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]);
        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
        if (type == OldHello)
        {
            return "tls: unsupported SSLv2 handshake received";
        }

        // No version that there will ever be is as high as that.
        if (type is not (Alert or Handshake) || version >= 0x1000)
        {
            return bytes.StartsWith("HTTP/"u8) ? "http: server gave HTTP response to HTTPS client" : "tls: first record does not look like a TLS handshake";
        }

        if (length > RecordBytesMax)
        {
            return string.Create(CultureInfo.InvariantCulture, $"tls: oversized record received with length {length}");
        }

        ReadOnlySpan<byte> record = bytes[HeaderLength..];
        if (record.Length < length)
        {
            return ended ? "unexpected EOF" : null;
        }

        return type == Alert ? ExplainAlert(record[..length]) : ExplainMessage(record[..length]);
    }

    /// <summary>What an alert says that the platform's library tells in its own words; null if those are not known.</summary>
    public static string? ExplainLibrary(string reason)
    {
        // Without a version in front it is what this side found.
        if (!reason.StartsWith("sslv3 ", StringComparison.Ordinal) && !reason.StartsWith("tlsv1", StringComparison.Ordinal))
        {
            return null;
        }

        foreach ((_, string words, string library) in s_alerts)
        {
            if (reason.EndsWith(library, StringComparison.Ordinal))
            {
                return "remote error: tls: " + words;
            }
        }

        return null;
    }

    private static string? ExplainAlert(ReadOnlySpan<byte> alert) =>
        alert.Length != 2 ? "tls: unexpected message"
        : alert[1] == CloseNotify ? "EOF"
        : alert[1] == UserCanceled && alert[0] == 1 ? null
        : "remote error: tls: " + (s_words.GetValueOrDefault(alert[1]) ?? string.Create(CultureInfo.InvariantCulture, $"alert({alert[1]})"));

    // Each message begins with its kind and three bytes for its length.
    private static string? ExplainMessage(ReadOnlySpan<byte> message)
    {
        int length = message.Length < 4 ? 0 : message[1] << 16 | message[2] << 8 | message[3];
        return length > MessageBytesMax
            ? string.Create(CultureInfo.InvariantCulture, $"tls: handshake message of length {length} bytes exceeds maximum of {MessageBytesMax} bytes")
            : null;
    }
}
