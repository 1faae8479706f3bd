using System.Text;
using System.Text.Json;

namespace Narthex.Model;

/// <summary>Says why a text is no JSON, in the words that upstream's users know.</summary>
public static class JsonSyntax
{
    /// <summary>What the fault means.</summary>
    /// <param name="error">The reader's fault.</param>
    /// <param name="utf8">What it has read.</param>
    public static string Explain(JsonException error, ReadOnlySpan<byte> utf8)
    {
        string text = error.Message;
        bool Says(string part) => text.Contains(part, StringComparison.Ordinal);
        ReadOnlySpan<byte> rest = utf8[FindPlace(error, utf8)..].TrimStart(" \t\r\n"u8);
        if (rest.IsEmpty || Says("reached end of data") || Says("Expected depth to be zero"))
        {
            return "unexpected end of JSON input";
        }

        Rune.DecodeFromUtf8(rest, out Rune rune, out _);
        string where = Says("after a single JSON value") ? " after top-level value"
            : Says("invalid start of a value") ? " looking for beginning of value"
            : Says("start of a property name") ? " looking for beginning of object key string"
            : "";
        return $"invalid character '{rune}'{where}";
    }

    private static int FindPlace(JsonException error, ReadOnlySpan<byte> utf8)
    {
        int start = 0;
        for (long line = error.LineNumber ?? 0; line > 0; line--)
        {
            int end = utf8[start..].IndexOf((byte)'\n');
            if (end < 0)
            {
                return utf8.Length;
            }

            start += end + 1;
        }

        return (int)Math.Min(start + (error.BytePositionInLine ?? 0), utf8.Length);
    }
}
