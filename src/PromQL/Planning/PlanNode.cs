using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions;
using Narthex.PromQL.Syntax;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Planning;

/// <summary>A node of the logical plan: what to compute, on which times. Immutable.</summary>
/// <param name="Grid">The evaluation times.</param>
/// <param name="Position">Where the expression stands in the query, for annotations.</param>
internal abstract record PlanNode(StepGrid Grid, PositionRange Position)
{
    /// <summary>The type of its value.</summary>
    public abstract ValueType Type { get; }

    /// <summary>Where it stands without the parentheses around it, which <see cref="Position"/> includes. An operand is named by the one, an operator by the other.</summary>
    public PositionRange OwnPosition { get; init; } = Position;

    public virtual IReadOnlyList<PlanNode> Children => [];
}

/// <summary>A number.</summary>
internal sealed record NumberNode(double Value, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => ValueType.Scalar;
}

/// <summary>A text.</summary>
internal sealed record TextNode(string Value, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => ValueType.String;
}

/// <summary>Which series a selector reads, and when.</summary>
internal sealed record SeriesSource(string Name, IReadOnlyList<LabelMatcher> Matchers, long OffsetMs, long? AtMs, SelectorExtension Extension)
{
    /// <summary>The function or aggregation directly around the selector.</summary>
    public string Function { get; init; } = "";
}

/// <summary>The latest sample of each series.</summary>
/// <remarks>With WantsTimestamp the value is the time of the sample, in seconds: <c>timestamp(selector)</c>.</remarks>
internal sealed record SelectNode(SeriesSource Source, long LookbackMs, bool WantsTimestamp, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    /// <summary>The value is the sample's start timestamp, in seconds: <c>start_timestamp(selector)</c>.</summary>
    public bool WantsStartTimestamp { get; init; }

    public override ValueType Type => ValueType.Vector;
}

/// <summary>A range of samples of each series.</summary>
internal sealed record RangeSelectNode(SeriesSource Source, long RangeMs, long LookbackMs, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => ValueType.Matrix;
}

/// <summary>A range of evaluations of the inner node, whose grid covers the ranges of all steps.</summary>
internal sealed record SubqueryNode(PlanNode Inner, long RangeMs, long OffsetMs, long? AtMs, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => ValueType.Matrix;

    public override IReadOnlyList<PlanNode> Children => [Inner];
}

/// <summary>A function call.</summary>
internal sealed record CallNode(FunctionSignature Function, IReadOnlyList<PlanNode> Arguments, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => Function.ReturnType;

    public override IReadOnlyList<PlanNode> Children => Arguments;
}

/// <summary>Many series folded into few.</summary>
internal sealed record AggregateNode(
    AggregationOperator Operator, PlanNode Inner, PlanNode? Parameter, IReadOnlyList<string> Grouping, bool IsWithout, StepGrid Grid, PositionRange Position)
    : PlanNode(Grid, Position)
{
    public override ValueType Type => ValueType.Vector;

    public override IReadOnlyList<PlanNode> Children => Parameter is null ? [Inner] : [Parameter, Inner];
}

/// <summary>Two operands and an operator.</summary>
internal sealed record BinaryNode(
    BinaryOperator Operator, PlanNode Left, PlanNode Right, VectorMatching? Matching, bool ReturnsBool, StepGrid Grid, PositionRange Position)
    : PlanNode(Grid, Position)
{
    public override ValueType Type =>
        Left.Type == ValueType.Scalar && Right.Type == ValueType.Scalar ? ValueType.Scalar : ValueType.Vector;

    public override IReadOnlyList<PlanNode> Children => [Left, Right];
}

/// <summary>The negative of a scalar or vector.</summary>
internal sealed record NegateNode(PlanNode Inner, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => Inner.Type;

    public override IReadOnlyList<PlanNode> Children => [Inner];
}

/// <summary>A vector that is the same at every step: computed at one, and repeated.</summary>
internal sealed record StepInvariantNode(PlanNode Inner, StepGrid Grid, PositionRange Position) : PlanNode(Grid, Position)
{
    public override ValueType Type => Inner.Type;

    public override IReadOnlyList<PlanNode> Children => [Inner];
}
