using System.Diagnostics.CodeAnalysis;
using System.Text;
using Narthex.Model;

namespace Narthex.Exposition;

/// <summary>Words errors as users know them from upstream.</summary>
internal static class ParseErrors
{
    /// <summary>"expected X, got "Y" ("TOKEN") while parsing: "Z"": one byte beyond the token is shown.</summary>
    public static ExpositionException Unexpected(string expected, TextLexer lexer, Token got)
    {
        int end = lexer.Position + 1;
        return new ExpositionException(
            $"{expected}, got {Quote(lexer.Slice(lexer.TokenStart, end))} (\"{Name(got)}\") while parsing: {Quote(lexer.Slice(lexer.EntryStart, end))}");
    }

    /// <summary>Adds what was being parsed up to the end of the present token.</summary>
    public static ExpositionException WhileParsing(string problem, TextLexer lexer) =>
        new($"{problem} while parsing: {Quote(lexer.Slice(lexer.EntryStart, lexer.Position))}");

    [DoesNotReturn]
    public static void ThrowFloat(FloatError error, ReadOnlySpan<byte> text, TextLexer lexer) => throw WhileParsing(
        error switch
        {
            FloatError.UnsupportedCharacter => "unsupported character in float",
            FloatError.OutOfRange => $"strconv.ParseFloat: parsing {Quote(text)}: value out of range",
            _ => $"strconv.ParseFloat: parsing {Quote(text)}: invalid syntax",
        },
        lexer);

    /// <summary>The bytes in double quotes with escapes; bytes that are not UTF-8 in hexadecimal.</summary>
    public static string Quote(ReadOnlySpan<byte> text)
    {
        var quoted = new StringBuilder("\"");
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(text, out Rune rune, out int length) == System.Buffers.OperationStatus.Done)
            {
                quoted.Append(GoQuote.Quote(rune.ToString()).AsSpan()[1..^1]);
            }
            else
            {
                length = 1;
                quoted.Append("\\x").Append(text[0].ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
            }

            text = text[length..];
        }

        return quoted.Append('"').ToString();
    }

    private static string Name(Token token) => token switch
    {
        Token.EndOfFile => "EOF",
        Token.Linebreak => "LINEBREAK",
        Token.QuotedName => "QSTRING",
        Token.MetricName => "MNAME",
        Token.BraceOpen => "BOPEN",
        Token.BraceClose => "BCLOSE",
        Token.LabelName => "LNAME",
        Token.LabelValue => "LVALUE",
        Token.Comma => "COMMA",
        Token.Equal => "EQUAL",
        Token.Timestamp => "TIMESTAMP",
        Token.Value => "VALUE",
        Token.Comment => "COMMENT",
        _ => "INVALID",
    };
}
