using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>Where a piece of a query stands, in UTF-8 bytes from its start; the end is exclusive.</summary>
/// <param name="Start">First byte.</param>
/// <param name="End">One behind the last byte.</param>
public readonly record struct PositionRange(int Start, int End);

/// <summary>The type of an expression's value.</summary>
public enum ValueType : byte
{
    /// <summary>Nothing, as in an empty argument.</summary>
    None,

    /// <summary>One number for each step.</summary>
    Scalar,

    /// <summary>A text.</summary>
    String,

    /// <summary>One sample for each series and step.</summary>
    Vector,

    /// <summary>A range of samples for each series and step.</summary>
    Matrix,
}

/// <summary>A node of a parsed query. Immutable.</summary>
public abstract record Expression
{
    /// <summary>Where it stands in the query.</summary>
    public PositionRange Position { get; init; }

    /// <summary>The type of its value.</summary>
    public abstract ValueType Type { get; }
}

/// <summary>A number. <see cref="IsDuration"/> tells that it was written as one, such as <c>5m</c>.</summary>
public sealed record NumberLiteral(double Value, bool IsDuration = false) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Scalar;
}

/// <summary>A text.</summary>
public sealed record StringLiteral(string Value) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.String;
}

/// <summary>An expression in parentheses.</summary>
public sealed record ParenExpression(Expression Inner) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => Inner.Type;
}

/// <summary>A sign before an expression.</summary>
public sealed record UnaryExpression(bool IsNegation, Expression Operand) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => Operand.Type;
}
