namespace Narthex.PromQL.Syntax;

/// <summary>Operators, aggregations and types as PromQL writes them.</summary>
public static class OperatorText
{
    /// <summary>The sign or word of an operator.</summary>
    public static string Of(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.Modulo => "%",
        BinaryOperator.Power => "^",
        BinaryOperator.Atan2 => "atan2",
        BinaryOperator.Equal => "==",
        BinaryOperator.NotEqual => "!=",
        BinaryOperator.Less => "<",
        BinaryOperator.LessOrEqual => "<=",
        BinaryOperator.Greater => ">",
        BinaryOperator.GreaterOrEqual => ">=",
        BinaryOperator.And => "and",
        BinaryOperator.Or => "or",
        BinaryOperator.Unless => "unless",
        BinaryOperator.TrimUpper => "</",
        _ => ">/",
    };

    /// <summary>The word of an aggregation.</summary>
    public static string Of(AggregationOperator operation) => operation switch
    {
        AggregationOperator.Sum => "sum",
        AggregationOperator.Avg => "avg",
        AggregationOperator.Count => "count",
        AggregationOperator.Min => "min",
        AggregationOperator.Max => "max",
        AggregationOperator.Group => "group",
        AggregationOperator.Stddev => "stddev",
        AggregationOperator.Stdvar => "stdvar",
        AggregationOperator.TopK => "topk",
        AggregationOperator.BottomK => "bottomk",
        AggregationOperator.CountValues => "count_values",
        AggregationOperator.Quantile => "quantile",
        AggregationOperator.LimitK => "limitk",
        _ => "limit_ratio",
    };

    /// <summary>The name of a type in the API: scalar, string, vector, matrix.</summary>
    public static string Of(ValueType type) => type switch
    {
        ValueType.Scalar => "scalar",
        ValueType.String => "string",
        ValueType.Vector => "vector",
        ValueType.Matrix => "matrix",
        _ => "none",
    };
}
