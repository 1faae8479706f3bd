using Narthex.PromQL.Functions;

namespace Narthex.PromQL.Syntax;

/// <summary>The operators between two expressions.</summary>
public enum BinaryOperator : byte
{
#pragma warning disable CS1591 // The names say it all.
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Atan2,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Unless,
    TrimUpper,
    TrimLower,
#pragma warning restore CS1591
}

/// <summary>How many series of one side may match one of the other.</summary>
public enum MatchCardinality : byte
{
    /// <summary>One on each side.</summary>
    OneToOne,

    /// <summary><c>group_left</c></summary>
    ManyToOne,

    /// <summary><c>group_right</c></summary>
    OneToMany,

    /// <summary>Set operators.</summary>
    ManyToMany,
}

/// <summary>How the series of two vectors find each other.</summary>
public sealed record VectorMatching
{
    /// <summary>How many match how many.</summary>
    public MatchCardinality Cardinality { get; init; }

    /// <summary>The labels of <c>on</c> or <c>ignoring</c>.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Whether <c>on</c> was given; otherwise all labels but <see cref="Labels"/> are compared.</summary>
    public bool IsOn { get; init; }

    /// <summary>Labels that the result takes from the "one" side.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Stands in for a missing series on the left, null if none.</summary>
    public double? FillLeft { get; init; }

    /// <summary>Stands in for a missing series on the right, null if none.</summary>
    public double? FillRight { get; init; }
}

/// <summary>Two expressions and the operator between them. <see cref="Matching"/> is null unless both are vectors.</summary>
public sealed record BinaryExpression(BinaryOperator Operator, Expression Left, Expression Right) : Expression
{
    /// <summary>How the sides match, if both are vectors.</summary>
    public VectorMatching? Matching { get; init; }

    /// <summary>Whether a comparison yields 0 and 1 instead of filtering.</summary>
    public bool ReturnsBool { get; init; }

    /// <inheritdoc/>
    public override ValueType Type =>
        Left.Type == ValueType.Scalar && Right.Type == ValueType.Scalar ? ValueType.Scalar : ValueType.Vector;
}

/// <summary>The aggregations.</summary>
public enum AggregationOperator : byte
{
#pragma warning disable CS1591 // The names say it all.
    Sum,
    Avg,
    Count,
    Min,
    Max,
    Group,
    Stddev,
    Stdvar,
    TopK,
    BottomK,
    CountValues,
    Quantile,
    LimitK,
    LimitRatio,
#pragma warning restore CS1591
}

/// <summary>Folds many series into few: <c>sum by (job) (expression)</c>.</summary>
/// <param name="Operator">How.</param>
/// <param name="Inner">What.</param>
/// <param name="Parameter">The k of topk, the label of count_values, the quantile; otherwise null.</param>
/// <param name="Grouping">The labels of <c>by</c> or <c>without</c>.</param>
/// <param name="IsWithout">Whether <c>without</c> was given.</param>
public sealed record AggregateExpression(
    AggregationOperator Operator, Expression Inner, Expression? Parameter, IReadOnlyList<string> Grouping, bool IsWithout) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Vector;
}

/// <summary>A function call.</summary>
public sealed record CallExpression(FunctionSignature Function, IReadOnlyList<Expression> Arguments) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => Function.ReturnType;
}

/// <summary>Arithmetic over durations, evaluated when the query's start, end and step are known.</summary>
public abstract record DurationExpression
{
    /// <summary>Where it stands in the query.</summary>
    public PositionRange Position { get; init; }
}

/// <summary>A number of seconds in a duration expression.</summary>
public sealed record DurationNumber(double Seconds, bool IsDuration) : DurationExpression;

/// <summary><c>step()</c> or <c>range()</c> of the query.</summary>
public sealed record DurationQueryValue(bool IsStep) : DurationExpression;

/// <summary>A sign before a duration.</summary>
public sealed record DurationUnary(bool IsNegation, DurationExpression Operand) : DurationExpression;

/// <summary>Two durations and an operator of <c>+ - * / % ^</c>.</summary>
public sealed record DurationBinary(BinaryOperator Operator, DurationExpression Left, DurationExpression Right) : DurationExpression;

/// <summary><c>min_of(a, b)</c> or <c>max_of(a, b)</c>.</summary>
public sealed record DurationMinMax(bool IsMin, DurationExpression Left, DurationExpression Right) : DurationExpression;

/// <summary>A duration in parentheses.</summary>
public sealed record DurationParen(DurationExpression Inner) : DurationExpression;
