using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Planning;

/// <summary>Evaluates duration expressions, once the query's start, end and step are known.</summary>
internal static class DurationEvaluator
{
    /// <summary>The duration in milliseconds.</summary>
    /// <exception cref="QueryException">The value is not a possible duration.</exception>
    public static long Evaluate(DurationValue value, StepGrid query, bool mustBePositive)
    {
        if (value.Expression is null)
        {
            return value.Milliseconds;
        }

        double seconds = Evaluate(value.Expression, query);
        if (mustBePositive && seconds <= 0)
        {
            throw new QueryException(QueryErrorKind.BadData, "duration must be greater than 0");
        }

        double milliseconds = seconds * 1000;
        if (double.IsNaN(milliseconds) || Math.Abs(milliseconds) >= 1L << 53)
        {
            throw new QueryException(QueryErrorKind.BadData, "duration out of range");
        }

        return (long)milliseconds;
    }

    private static double Evaluate(DurationExpression expression, StepGrid query) => expression switch
    {
        DurationNumber number => number.Seconds,
        DurationQueryValue { IsStep: true } => query.StepMs / 1000.0,
        DurationQueryValue => (query.EndMs - query.StartMs) / 1000.0,
        DurationParen paren => Evaluate(paren.Inner, query),
        DurationUnary unary => unary.IsNegation ? -Evaluate(unary.Operand, query) : Evaluate(unary.Operand, query),
        DurationMinMax minMax => minMax.IsMin
            ? Math.Min(Evaluate(minMax.Left, query), Evaluate(minMax.Right, query))
            : Math.Max(Evaluate(minMax.Left, query), Evaluate(minMax.Right, query)),
        DurationBinary binary => Combine(binary.Operator, Evaluate(binary.Left, query), Evaluate(binary.Right, query)),
        _ => throw new QueryException(QueryErrorKind.Internal, $"unexpected duration expression {expression.GetType().Name}"),
    };

    private static double Combine(BinaryOperator operation, double left, double right)
    {
        switch (operation)
        {
            case BinaryOperator.Add:
                return left + right;
            case BinaryOperator.Subtract:
                return left - right;
            case BinaryOperator.Multiply:
                return left * right;
            case BinaryOperator.Divide when right == 0:
                throw new QueryException(QueryErrorKind.BadData, "division by zero");
            case BinaryOperator.Divide:
                return left / right;
            case BinaryOperator.Modulo when right == 0:
                throw new QueryException(QueryErrorKind.BadData, "modulo by zero");
            case BinaryOperator.Modulo:
                return left % right;
            case BinaryOperator.Power:
                return Math.Pow(left, right);
            default:
                throw new QueryException(QueryErrorKind.BadData, "unexpected operator in duration expression");
        }
    }
}
