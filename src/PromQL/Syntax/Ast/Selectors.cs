using Narthex.Model;

namespace Narthex.PromQL.Syntax;

/// <summary>What an <c>@</c> modifier names.</summary>
public enum AtKind : byte
{
    /// <summary>There is none.</summary>
    None,

    /// <summary><c>@ 1234.5</c></summary>
    Timestamp,

    /// <summary><c>@ start()</c></summary>
    Start,

    /// <summary><c>@ end()</c></summary>
    End,
}

/// <summary>The <c>@</c> modifier.</summary>
/// <param name="Kind">What it names.</param>
/// <param name="TimestampMs">The time, if it names one.</param>
public readonly record struct AtModifier(AtKind Kind, long TimestampMs = 0);

/// <summary>An amount of time in a query: a fixed number of milliseconds, or an expression over durations.</summary>
/// <param name="Milliseconds">The amount, if <paramref name="Expression"/> is null.</param>
/// <param name="Expression">The expression to evaluate when the query's start, end and step are known; otherwise null.</param>
public readonly record struct DurationValue(long Milliseconds, DurationExpression? Expression = null);

/// <summary>The extended ways to read a range or an instant.</summary>
public enum SelectorExtension : byte
{
    /// <summary>The ordinary way.</summary>
    None,

    /// <summary><c>anchored</c></summary>
    Anchored,

    /// <summary><c>smoothed</c></summary>
    Smoothed,
}

/// <summary>Selects the latest sample of each matching series: <c>name{label="value"} offset 5m @ 10</c>.</summary>
/// <param name="Name">The metric name as written before the braces, empty if none.</param>
/// <param name="Matchers">All conditions, that on the name included.</param>
public sealed record VectorSelector(string Name, IReadOnlyList<LabelMatcher> Matchers) : Expression
{
    /// <summary>How far back to look, as written; negative looks ahead.</summary>
    public DurationValue Offset { get; init; }

    /// <summary>The fixed evaluation time.</summary>
    public AtModifier At { get; init; }

    /// <summary><c>anchored</c> or <c>smoothed</c>.</summary>
    public SelectorExtension Extension { get; init; }

    /// <inheritdoc/>
    public override ValueType Type => ValueType.Vector;
}

/// <summary>Selects a range of samples: <c>selector[5m]</c>. Offset, at and extension stand on the selector.</summary>
public sealed record MatrixSelector(VectorSelector Selector, DurationValue Range) : Expression
{
    /// <inheritdoc/>
    public override ValueType Type => ValueType.Matrix;
}

/// <summary>Evaluates an expression at regular steps: <c>expression[1h:5m]</c>.</summary>
/// <param name="Inner">What to evaluate.</param>
/// <param name="Range">Over which time.</param>
/// <param name="Step">At which step; null: the default step.</param>
public sealed record SubqueryExpression(Expression Inner, DurationValue Range, DurationValue? Step) : Expression
{
    /// <summary>How far back to look.</summary>
    public DurationValue Offset { get; init; }

    /// <summary>The fixed evaluation time.</summary>
    public AtModifier At { get; init; }

    /// <inheritdoc/>
    public override ValueType Type => ValueType.Matrix;
}
