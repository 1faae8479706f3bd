using Narthex.Model;

namespace Narthex.PromQL.Syntax.Parsing;

/// <summary>Checks that operators and functions get the types they take, and drops matching where it has no meaning.</summary>
internal sealed class TypeChecker(byte[] input, List<PromQLParseError> errors)
{
    /// <summary>The checked tree: the same but for vector matching, which is null unless both sides are vectors.</summary>
    public Expression Check(Expression expression) => expression switch
    {
        ParenExpression paren => paren with { Inner = Check(paren.Inner) },
        UnaryExpression unary => CheckUnary(unary),
        BinaryExpression binary => CheckBinary(binary),
        AggregateExpression aggregate => CheckAggregate(aggregate),
        CallExpression call => CheckCall(call),
        SubqueryExpression subquery => CheckSubquery(subquery),
        MatrixSelector matrix => matrix with { Selector = CheckSelector(matrix.Selector, false) },
        VectorSelector selector => CheckSelector(selector, false),
        _ => expression,
    };

    private void AddError(PositionRange position, string message) => errors.Add(new PromQLParseError(position, message));

    private Expression Expect(Expression expression, ValueType type, string context)
    {
        Expression @checked = Check(expression);
        if (@checked.Type != type)
        {
            AddError(expression.Position, $"expected type {TokenText.Describe(type)} in {context}, got {TokenText.Describe(@checked.Type)}");
        }

        return @checked;
    }

    private UnaryExpression CheckUnary(UnaryExpression unary)
    {
        Expression operand = Check(unary.Operand);
        if (operand.Type is not (ValueType.Scalar or ValueType.Vector))
        {
            AddError(unary.Position, $"unary expression only allowed on expressions of type scalar or instant vector, got \"{TokenText.Describe(operand.Type)}\"");
        }

        return unary with { Operand = operand };
    }

    private BinaryExpression CheckBinary(BinaryExpression binary)
    {
        Expression left = Check(binary.Left);
        Expression right = Check(binary.Right);
        (ValueType leftType, ValueType rightType) = (left.Type, right.Type);
        bool isComparison = binary.Operator is >= BinaryOperator.Equal and <= BinaryOperator.GreaterOrEqual;
        bool isSetOperator = binary.Operator is BinaryOperator.And or BinaryOperator.Or or BinaryOperator.Unless;
        VectorMatching? matching = binary.Matching;
        if (binary.ReturnsBool && !isComparison)
        {
            AddError(OperatorRange(binary), "bool modifier can only be used on comparison operators");
        }

        if (isComparison && !binary.ReturnsBool && leftType == ValueType.Scalar && rightType == ValueType.Scalar)
        {
            AddError(OperatorRange(binary), "comparisons between scalars must use BOOL modifier");
        }

        foreach (string label in matching is { IsOn: true } ? matching.Labels.Intersect(matching.Include) : [])
        {
            AddError(OperatorRange(binary), $"label {GoQuote.Quote(label)} must not occur in ON and GROUP clause at once");
        }

        foreach (Expression side in (ReadOnlySpan<Expression>)[left, right])
        {
            if (side.Type is not (ValueType.Scalar or ValueType.Vector))
            {
                AddError(side.Position, "binary expression must contain only scalar and instant vector types");
            }
        }

        if (leftType != ValueType.Vector || rightType != ValueType.Vector)
        {
            if (matching is { Labels.Count: > 0 })
            {
                AddError(binary.Position, "vector matching only allowed between instant vectors");
            }

            if (matching is { FillLeft: not null } or { FillRight: not null })
            {
                AddError(binary.Position, "filling in missing series only allowed between instant vectors");
            }

            matching = null;
        }
        else if (isSetOperator && matching is not null)
        {
            if (matching.Cardinality is MatchCardinality.OneToMany or MatchCardinality.ManyToOne)
            {
                AddError(binary.Position, $"no grouping allowed for \"{OperatorText.Of(binary.Operator)}\" operation");
            }

            if (matching.Cardinality != MatchCardinality.ManyToMany)
            {
                AddError(binary.Position, "set operations must always be many-to-many");
            }

            if (matching.FillLeft is not null || matching.FillRight is not null)
            {
                AddError(binary.Position, "filling in missing series not allowed for set operators");
            }
        }

        if (isSetOperator && (leftType == ValueType.Scalar || rightType == ValueType.Scalar))
        {
            AddError(binary.Position, $"set operator \"{OperatorText.Of(binary.Operator)}\" not allowed in binary scalar expression");
        }

        return binary with { Left = left, Right = right, Matching = matching };
    }

    // From the operator to the last character before the right side. Upstream's range leaves out that last one; editors rely on it.
    private PositionRange OperatorRange(BinaryExpression binary)
    {
        int start = binary.Left.Position.End;
        while (start < input.Length && IsSpace(input[start]))
        {
            start++;
        }

        int end = binary.Right.Position.Start - 1;
        while (end > start && IsSpace(input[end]))
        {
            end--;
        }

        return new PositionRange(start, end);
    }

    private static bool IsSpace(byte c) => c is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r';

    private AggregateExpression CheckAggregate(AggregateExpression aggregate)
    {
        Expression inner = Expect(aggregate.Inner, ValueType.Vector, "aggregation expression");
        Expression? parameter = aggregate.Parameter is null
            ? null
            : Expect(aggregate.Parameter, aggregate.Operator == AggregationOperator.CountValues ? ValueType.String : ValueType.Scalar, "aggregation parameter");
        return aggregate with { Inner = inner, Parameter = parameter };
    }

    private CallExpression CheckCall(CallExpression call)
    {
        string name = GoQuote.Quote(call.Function.Name);
        int count = call.Arguments.Count;
        int declared = call.Function.ArgumentTypes.Count;
        int optional = call.Function.OptionalArguments;
        if (optional == 0 && count != declared)
        {
            AddError(call.Position, $"expected {declared} argument(s) in call to {name}, got {count}");
        }
        else if (optional != 0 && count < declared - 1)
        {
            AddError(call.Position, $"expected at least {declared - 1} argument(s) in call to {name}, got {count}");
        }
        else if (optional > 0 && count > declared - 1 + optional)
        {
            AddError(call.Position, $"expected at most {declared - 1 + optional} argument(s) in call to {name}, got {count}");
        }

        var arguments = new List<Expression>(count);
        for (int i = 0; i < count; i++)
        {
            Expression argument = call.Arguments[i];
            if (i == 1 && call.Function.Name == "info")
            {
                arguments.Add(CheckInfoSelector(argument));
            }
            else if (i >= declared && optional == 0)
            {
                arguments.Add(argument);
            }
            else
            {
                arguments.Add(Expect(argument, call.Function.ArgumentTypes[Math.Min(i, declared - 1)], "call to function " + name));
            }
        }

        return call with { Arguments = arguments };
    }

    // The second argument of info() picks info metrics by label; it alone may match everything.
    private Expression CheckInfoSelector(Expression argument)
    {
        if (argument.Type != ValueType.Vector)
        {
            return Expect(argument, ValueType.Vector, "call to function \"info\"");
        }

        if (argument is not VectorSelector selector)
        {
            AddError(argument.Position, "expected label selectors only");
            return argument;
        }

        if (selector.Name.Length > 0)
        {
            AddError(argument.Position, "expected label selectors only, got vector selector instead");
        }

        return CheckSelector(selector, mayMatchEverything: true);
    }

    private SubqueryExpression CheckSubquery(SubqueryExpression subquery)
    {
        Expression inner = Check(subquery.Inner);
        if (inner.Type != ValueType.Vector)
        {
            AddError(subquery.Position, $"subquery is only allowed on instant vector, got {OperatorText.Of(inner.Type)} instead");
        }

        return subquery with { Inner = inner };
    }

    private VectorSelector CheckSelector(VectorSelector selector, bool mayMatchEverything)
    {
        if (selector.Name.Length > 0)
        {
            foreach (LabelMatcher matcher in selector.Matchers.SkipLast(1))
            {
                if (matcher.Name == LabelNames.MetricName)
                {
                    AddError(selector.Position, $"metric name must not be set twice: {GoQuote.Quote(selector.Name)} or {GoQuote.Quote(matcher.Value)}");
                }
            }
        }
        else if (!mayMatchEverything && selector.Matchers.All(matcher => matcher.MatchesEmpty))
        {
            AddError(selector.Position, "vector selector must contain at least one non-empty matcher");
        }

        return selector;
    }
}
