using Narthex.Model;
using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>How messages name tokens and types.</summary>
internal static class TokenText
{
    /// <summary>The token for a message; <paramref name="written"/> is what the query says there.</summary>
    public static string Describe(Token token, string written) => token.Kind switch
    {
        TokenKind.EndOfInput => "end of input",
        TokenKind.Identifier => "identifier " + GoQuote.Quote(token.Text),
        TokenKind.MetricIdentifier => "metric identifier " + GoQuote.Quote(token.Text),
        TokenKind.String => "string " + Shorten(written),
        TokenKind.Number => "number " + Shorten(token.Text),
        TokenKind.Duration => "duration " + Shorten(token.Text),
        _ when token.IsAggregation => $"<aggr:{token.Text}>",
        _ when token.IsOperator => $"<op:{token.Text}>",
        _ when token.IsKeyword => $"<{token.Text}>",
        _ => GoQuote.Quote(token.Text),
    };

    public static string Describe(ValueType type) => type switch
    {
        ValueType.Scalar => "scalar",
        ValueType.String => "string",
        ValueType.Vector => "instant vector",
        ValueType.Matrix => "range vector",
        _ => "none",
    };

    private static string Shorten(string text) => text.Length > 10 ? GoQuote.Quote(text[..10]) + "..." : GoQuote.Quote(text);
}
