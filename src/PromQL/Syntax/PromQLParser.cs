using System.Text;
using Narthex.Model;
using Narthex.PromQL.Syntax.Parsing;

namespace Narthex.PromQL.Syntax;

/// <summary>Reads PromQL.</summary>
public static class PromQLParser
{
    /// <summary>Parses and type-checks a query.</summary>
    /// <exception cref="PromQLParseException">It is not a valid query.</exception>
    public static Expression ParseExpression(string query, ParserOptions? options = null) => ParseExpression(Encoding.UTF8.GetBytes(query), options);

    /// <summary>Parses and type-checks a query in UTF-8.</summary>
    /// <exception cref="PromQLParseException">It is not a valid query.</exception>
    public static Expression ParseExpression(ReadOnlySpan<byte> query, ParserOptions? options = null)
    {
        byte[] bytes = query.ToArray();
        var errors = new List<PromQLParseError>();
        Expression? expression = null;
        try
        {
            var parser = new ExpressionParser(bytes, options ?? ParserOptions.Default, errors);
            expression = parser.ParseQuery();
            if (errors.Count == 0)
            {
                expression = new TypeChecker(bytes, errors).Check(expression);
            }
        }
        catch (SyntaxErrorException)
        {
            // The list says what was wrong; the exception only unwound the parser.
        }

        return errors.Count == 0 ? expression! : throw new PromQLParseException(query, errors);
    }

    /// <summary>Parses a vector selector without modifiers, as in <c>match[]</c>. Whether it may match everything is for the caller to say.</summary>
    /// <exception cref="PromQLParseException">It is not a selector.</exception>
    public static IReadOnlyList<LabelMatcher> ParseMetricSelector(string selector)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(selector);
        var errors = new List<PromQLParseError>();
        VectorSelector? parsed = null;
        try
        {
            parsed = new ExpressionParser(bytes, ParserOptions.Default, errors).ParseSelectorOnly();
        }
        catch (SyntaxErrorException)
        {
            // As above.
        }

        return errors.Count == 0 ? parsed!.Matchers : throw new PromQLParseException(bytes, errors);
    }
}
