using System.Text;
using Narthex.Model;

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
        Labels labels = ParseMetric(text, out int end);
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new SeriesDescription(labels, new SeriesValueReader(bytes, end).ReadAll());
    }

    /// <summary>Reads the name and labels at the start of a text; <paramref name="end"/> is the number of bytes they take.</summary>
    /// <exception cref="PromQLParseException">There are none.</exception>
    public static Labels ParseMetric(string text, out int end)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        var errors = new List<PromQLParseError>();
        VectorSelector? selector = null;
        end = 0;
        try
        {
            selector = new Parsing.ExpressionParser(bytes, ParserOptions.Default, errors).ParseSelectorPrefix();
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
        foreach (LabelMatcher matcher in selector.Matchers)
        {
            if (matcher.Type != Model.MatchType.Equal)
            {
                throw new PromQLParseException(bytes, [new PromQLParseError(selector.Position, $"unexpected {GoQuote.Quote(LabelMatcher.Sign(matcher.Type))} in label set, expected \"=\"")]);
            }

            labels.Set(matcher.Name, matcher.Value);
        }

        return labels.ToLabels();
    }
}
