using Narthex.Model;
using Narthex.PromQL.Syntax;

namespace Narthex.Promtool.Expressions;

/// <summary>Copies an expression with other matchers in its selectors.</summary>
internal static class SelectorRewriter
{
    /// <summary>Gives each selector the matchers that <paramref name="edit"/> makes of its own.</summary>
    public static Expression Rewrite(Expression expression, Func<IReadOnlyList<LabelMatcher>, IReadOnlyList<LabelMatcher>> edit) => expression switch
    {
        VectorSelector selector => selector with { Matchers = edit(selector.Matchers) },
        MatrixSelector matrix => matrix with { Selector = (VectorSelector)Rewrite(matrix.Selector, edit) },
        SubqueryExpression subquery => subquery with { Inner = Rewrite(subquery.Inner, edit) },
        ParenExpression paren => paren with { Inner = Rewrite(paren.Inner, edit) },
        UnaryExpression unary => unary with { Operand = Rewrite(unary.Operand, edit) },
        BinaryExpression binary => binary with { Left = Rewrite(binary.Left, edit), Right = Rewrite(binary.Right, edit) },
        AggregateExpression aggregate => aggregate with
        {
            Inner = Rewrite(aggregate.Inner, edit),
            Parameter = aggregate.Parameter is { } parameter ? Rewrite(parameter, edit) : null,
        },
        CallExpression call => call with { Arguments = [.. call.Arguments.Select(argument => Rewrite(argument, edit))] },
        _ => expression,
    };
}
