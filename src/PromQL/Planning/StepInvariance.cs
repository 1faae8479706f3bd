using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Planning;

/// <summary>Tells which expressions have the same value at every step, because every selector in them is pinned by an @ modifier.</summary>
internal static class StepInvariance
{
    // These look at the evaluation time themselves.
    private static readonly HashSet<string> s_timeFunctions =
    [
        "time", "timestamp", "predict_linear", "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month", "year",
    ];

    public static bool Holds(Expression expression) => expression switch
    {
        NumberLiteral or StringLiteral => true,
        VectorSelector selector => selector.At.Kind != AtKind.None,
        MatrixSelector matrix => matrix.Selector.At.Kind != AtKind.None,
        SubqueryExpression subquery => subquery.At.Kind != AtKind.None,
        ParenExpression paren => Holds(paren.Inner),
        UnaryExpression unary => Holds(unary.Operand),
        BinaryExpression binary => Holds(binary.Left) && Holds(binary.Right),
        AggregateExpression aggregate => Holds(aggregate.Inner) && (aggregate.Parameter is null || Holds(aggregate.Parameter)),
        CallExpression call => !s_timeFunctions.Contains(call.Function.Name) && call.Arguments.All(Holds),
        _ => false,
    };
}
