using Narthex.Model;

namespace Narthex.HttpClients;

/// <summary>Says what is wrong with the beginning of an answer, in the words that users know.</summary>
internal static class AnswerFaults
{
    private const string Broken = "net/http: HTTP/1.x transport connection broken: ";
    private const int VersionLength = 8; // HTTP/1.1

    /// <summary>The first fault of an answer without encryption; null if there is none that we know.</summary>
    /// <param name="bytes">What came.</param>
    /// <param name="ended">Whether nothing will follow.</param>
    public static string? Explain(ReadOnlySpan<byte> bytes, bool ended)
    {
        if (bytes.IsEmpty)
        {
            return ended ? "EOF" : null;
        }

        string? fault = null;
        bool isProvisional = true;
        while (fault is null && isProvisional)
        {
            bool isWhole = false;
            fault = FindFaultOfStatus(ref bytes, ended, out isProvisional) ?? FindFaultOfHeaders(ref bytes, ended, out isWhole);
            if (fault is null && !isWhole)
            {
                fault = ended ? "unexpected EOF" : null;
                break;
            }
        }

        return fault is null ? null : Broken + fault;
    }

    private static string? FindFaultOfStatus(ref ReadOnlySpan<byte> bytes, bool ended, out bool isProvisional)
    {
        isProvisional = false;
        if (bytes.IsEmpty || !TryReadLine(ref bytes, ended, out ReadOnlySpan<byte> line))
        {
            return ended ? "unexpected EOF" : null;
        }

        int blank = line.IndexOf((byte)' ');
        if (blank < 0)
        {
            return $"malformed HTTP response {GoQuote.Quote(line)}";
        }

        ReadOnlySpan<byte> code = line[blank..].TrimStart((byte)' ');
        code = code.IndexOf((byte)' ') is >= 0 and int end ? code[..end] : code;
        if (code.Length != 3 || code.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return $"malformed HTTP status code {GoQuote.Quote(code)}";
        }

        isProvisional = code[0] == '1' && !code.SequenceEqual("101"u8);
        ReadOnlySpan<byte> version = line[..blank];
        return version.Length == VersionLength && version.StartsWith("HTTP/"u8) && char.IsAsciiDigit((char)version[5]) && version[6] == '.' && char.IsAsciiDigit((char)version[7])
            ? null
            : $"malformed HTTP version {GoQuote.Quote(version)}";
    }

    private static string? FindFaultOfHeaders(ref ReadOnlySpan<byte> bytes, bool ended, out bool isWhole)
    {
        isWhole = false;
        bool isFirst = true;
        while (TryReadLine(ref bytes, ended, out ReadOnlySpan<byte> line))
        {
            if (line.IsEmpty)
            {
                isWhole = true;
                return null;
            }

            if (isFirst && line[0] is (byte)' ' or (byte)'\t')
            {
                return $"malformed MIME header initial line: {GoQuote.Quote(line)}";
            }

            isFirst = false;
            line = line.Trim(" \t"u8);
            while (line.Contains((byte)':') && !bytes.IsEmpty && bytes[0] is (byte)' ' or (byte)'\t' && TryReadLine(ref bytes, ended, out ReadOnlySpan<byte> more))
            {
                line = (byte[])[.. line, (byte)' ', .. more.Trim(" \t"u8)];
            }

            if (FindFaultOfHeader(line) is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private static string? FindFaultOfHeader(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon < 0)
        {
            return $"malformed MIME header: missing colon: {GoQuote.Quote(line)}";
        }

        bool isFine = colon > 0;
        foreach (byte letter in line[..colon])
        {
            // Blanks should not be here, and are let through.
            isFine &= char.IsAsciiLetterOrDigit((char)letter) || "!#$%&'*+-.^_`|~ "u8.Contains(letter);
        }

        foreach (byte letter in line[(colon + 1)..])
        {
            isFine &= letter is >= 0x20 and not 0x7f or (byte)'\t';
        }

        return isFine ? null : $"malformed MIME header line: {GoQuote.Quote(line)}";
    }

    // A line without an end counts when nothing will follow.
    private static bool TryReadLine(ref ReadOnlySpan<byte> bytes, bool ended, out ReadOnlySpan<byte> line)
    {
        int length = bytes.IndexOf((byte)'\n');
        if (length < 0 && (!ended || bytes.IsEmpty))
        {
            line = default;
            return false;
        }

        line = length < 0 ? bytes : bytes[..length];
        bytes = length < 0 ? default : bytes[(length + 1)..];
        if (length > 0 && line[^1] == '\r')
        {
            line = line[..^1];
        }

        return true;
    }
}
