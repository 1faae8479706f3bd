using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>Finds what an expression reads.</summary>
public static class SelectorFinder
{
    /// <summary>The matchers of all selectors in an expression, from left to right. Empty if it reads nothing.</summary>
    public static IReadOnlyList<IReadOnlyList<LabelMatcher>> Find(Expression expression)
    {
        var found = new List<IReadOnlyList<LabelMatcher>>();
        Collect(expression, found);
        return found;
    }

    private static void Collect(Expression? expression, List<IReadOnlyList<LabelMatcher>> found)
    {
        switch (expression)
        {
            case VectorSelector selector:
                found.Add(selector.Matchers);
                break;
            case MatrixSelector matrix:
                found.Add(matrix.Selector.Matchers);
                break;
            case SubqueryExpression subquery:
                Collect(subquery.Inner, found);
                break;
            case ParenExpression paren:
                Collect(paren.Inner, found);
                break;
            case UnaryExpression unary:
                Collect(unary.Operand, found);
                break;
            case BinaryExpression binary:
                Collect(binary.Left, found);
                Collect(binary.Right, found);
                break;
            case AggregateExpression aggregate:
                Collect(aggregate.Parameter, found);
                Collect(aggregate.Inner, found);
                break;
            case CallExpression call:
                foreach (Expression argument in call.Arguments)
                {
                    Collect(argument, found);
                }

                break;
        }
    }
}
