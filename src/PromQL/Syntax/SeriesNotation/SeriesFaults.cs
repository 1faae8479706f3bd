using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax;

/// <summary>Says what stands at a place of a described series where something else should, in the words of upstream's tests.</summary>
internal static class SeriesFaults
{
    public const string InSeriesValues = "in series values";

    /// <summary>What is wrong with the token at <paramref name="position"/>.</summary>
    /// <param name="input">The series.</param>
    /// <param name="position">Where the token begins.</param>
    /// <param name="where">What it was read for; empty where a whole point begins or ends.</param>
    public static string Describe(ReadOnlySpan<byte> input, int position, string where)
    {
        string context = where.Length > 0 ? " " + where : "";
        ReadOnlySpan<byte> rest = input[Math.Min(position, input.Length)..];
        if (rest.IsEmpty)
        {
            return "unexpected end of input" + context;
        }

        char first = (char)rest[0];
        switch (first)
        {
            case ' ' or '\t':
                int end = rest.IndexOfAnyExcept(" \t"u8);
                return $"unexpected {GoQuote.Quote(Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]))}{context}";
            case '+' or '-':
                return $"unexpected <op:{first}>{context}";
            case 'x' or '_':
                return $"unexpected \"{first}\"{context}";
            case '{' when rest.StartsWith("{{"u8):
                return $"unexpected \"{{{{\"{context}";
        }

        if (char.IsAsciiDigit(first))
        {
            int length = NumberScan.Measure(rest, out bool isNumber);
            string number = Encoding.ASCII.GetString(rest[..length]);
            return isNumber ? $"unexpected number {GoQuote.Quote(number)}{context}" : $"bad number syntax: {GoQuote.Quote(number)}";
        }

        if (char.IsAsciiLetter(first))
        {
            string word = ReadWord(rest);
            return Keywords.Find(word) switch
            {
                TokenKind.Number => $"unexpected number {GoQuote.Quote(word)}{context}",
                { } kind when new Token(kind, 0, 0, word) is { IsAggregation: true } => $"unexpected <aggr:{word}>{context}",
                { } kind when new Token(kind, 0, 0, word) is { IsOperator: true } => $"unexpected <op:{word}>{context}",
                TokenKind.Start or TokenKind.End or TokenKind.Step or TokenKind.Range => $"unexpected {GoQuote.Quote(word)}{context}",
                { } => $"unexpected <{word}>{context}",
                null when word.Contains(':', StringComparison.Ordinal) => $"unexpected metric identifier {GoQuote.Quote(word)}{context}",
                null => $"unexpected identifier {GoQuote.Quote(word)}{context}",
            };
        }

        return "unexpected character in series sequence: " + QuoteAt(rest);
    }

    /// <summary>The first character of a text in single quotes; its end is the character that stands for what is none.</summary>
    public static string QuoteAt(ReadOnlySpan<byte> text)
    {
        Rune rune = Rune.ReplacementChar;
        if (!text.IsEmpty)
        {
            Rune.DecodeFromUtf8(text, out rune, out _);
        }

        string character = rune.Value == '"' ? "\"" : rune.Value == '\'' ? "\\'" : GoQuote.Quote(rune.ToString())[1..^1];
        return $"'{character}'";
    }

    /// <summary>A count that is a number, but not one that can count.</summary>
    public static string NoCount(string number) =>
        $"invalid repetition in series values: strconv.ParseUint: parsing {GoQuote.Quote(number)}: {(number.All(char.IsAsciiDigit) ? "value out of range" : "invalid syntax")}";

    /// <summary>The letters, digits, underscores and colons at the start of a text.</summary>
    public static string ReadWord(ReadOnlySpan<byte> text)
    {
        int length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit((char)text[length]) || text[length] is (byte)'_' or (byte)':'))
        {
            length++;
        }

        return Encoding.ASCII.GetString(text[..length]);
    }
}
