using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax.Lexing;

namespace Narthex.PromQL.Syntax;

/// <summary>
/// The notation of series in tests and rule unit tests: <c>metric{a="b"} 1 2+3x4 _ _x2 stale {{schema:0 sum:5}}</c>.
/// </summary>
public static class SeriesNotation
{
    /// <summary>Reads a series with its points.</summary>
    /// <exception cref="PromQLParseException">It is not one.</exception>
    public static SeriesDescription Parse(string text)
    {
        Labels labels = ParseMetric(text, out int end, isWhole: false, out string? repeated);
        return ReadValues(text, labels, end, repeated);
    }

    /// <summary>Reads a series whose points stand by themselves. Positions in faults are those in the two texts with a space between them.</summary>
    /// <exception cref="PromQLParseException">It is not one.</exception>
    public static SeriesDescription Parse(string metric, string values)
    {
        // Behind a name without labels, the braces of a histogram would be taken for them.
        string text = metric + " " + values;
        bool isName = !metric.Contains('{', StringComparison.Ordinal) && values.AsSpan().TrimStart().StartsWith('{');
        Labels labels = ParseMetric(isName ? metric : text, out int end, isWhole: false, out string? repeated);
        return ReadValues(text, labels, end, repeated);
    }

    /// <summary>Reads the name and labels of a series and nothing else.</summary>
    /// <exception cref="PromQLParseException">That is not what the text is.</exception>
    public static Labels ParseMetric(string text) => ParseMetric(text, out _, isWhole: true, out string? _);

    private static SeriesDescription ReadValues(string text, Labels labels, int start, string? repeated) =>
        new(labels, new SeriesValueReader(Encoding.UTF8.GetBytes(text), start).ReadAll()) { RepeatedLabel = repeated };

    private static Labels ParseMetric(string text, out int end, bool isWhole, out string? repeated)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var errors = new List<PromQLParseError>();
        VectorSelector? selector = null;
        repeated = null;
        end = 0;
        try
        {
            selector = new Parsing.ExpressionParser(bytes, ParserOptions.Default, errors).ParseSelector(isWhole);
        }
        catch (Parsing.SyntaxErrorException)
        {
            // The list says what was wrong.
        }

        if (selector is null || errors.Count > 0)
        {
            throw new PromQLParseException(bytes, errors);
        }

        end = selector.Position.End;
        var labels = new LabelsBuilder();
        repeated = selector.Matchers.GroupBy(matcher => matcher.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key).Order(StringComparer.Ordinal).FirstOrDefault();
        foreach (LabelMatcher matcher in selector.Matchers)
        {
            if (matcher.Type != Model.MatchType.Equal)
            {
                throw new PromQLParseException(bytes, [FindOperator(bytes, selector.Position)]);
            }

            labels.Set(matcher.Name, matcher.Value);
        }

        return labels.ToLabels();
    }

    // The first operator of a label set that says more than "equal".
    private static PromQLParseError FindOperator(byte[] bytes, PositionRange selector)
    {
        var lexer = new Lexer(bytes);
        Token token = lexer.Next();
        while (token.Kind is not (TokenKind.Neq or TokenKind.EqlRegex or TokenKind.NeqRegex or TokenKind.EndOfInput or TokenKind.Error))
        {
            token = lexer.Next();
        }

        return new PromQLParseError(token.Kind == TokenKind.EndOfInput ? selector : token.Position, $"unexpected {Parsing.TokenText.Describe(token, "")} in label set, expected \"=\"");
    }
}
