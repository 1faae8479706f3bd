using System.Collections.Frozen;
using ValueType = Narthex.PromQL.Syntax.ValueType;

namespace Narthex.PromQL.Functions;

/// <summary>All functions of PromQL, by name.</summary>
public static class FunctionTable
{
    private static readonly FunctionSignature[] s_signatures =
    [
        new("abs", [ValueType.Vector], ValueType.Vector),
        new("absent", [ValueType.Vector], ValueType.Vector),
        new("absent_over_time", [ValueType.Matrix], ValueType.Vector),
        new("acos", [ValueType.Vector], ValueType.Vector),
        new("acosh", [ValueType.Vector], ValueType.Vector),
        new("asin", [ValueType.Vector], ValueType.Vector),
        new("asinh", [ValueType.Vector], ValueType.Vector),
        new("atan", [ValueType.Vector], ValueType.Vector),
        new("atanh", [ValueType.Vector], ValueType.Vector),
        new("avg_over_time", [ValueType.Matrix], ValueType.Vector),
        new("ceil", [ValueType.Vector], ValueType.Vector),
        new("changes", [ValueType.Matrix], ValueType.Vector),
        new("clamp", [ValueType.Vector, ValueType.Scalar, ValueType.Scalar], ValueType.Vector),
        new("clamp_max", [ValueType.Vector, ValueType.Scalar], ValueType.Vector),
        new("clamp_min", [ValueType.Vector, ValueType.Scalar], ValueType.Vector),
        new("cos", [ValueType.Vector], ValueType.Vector),
        new("cosh", [ValueType.Vector], ValueType.Vector),
        new("count_over_time", [ValueType.Matrix], ValueType.Vector),
        new("day_of_month", [ValueType.Vector], ValueType.Vector, 1),
        new("day_of_week", [ValueType.Vector], ValueType.Vector, 1),
        new("day_of_year", [ValueType.Vector], ValueType.Vector, 1),
        new("days_in_month", [ValueType.Vector], ValueType.Vector, 1),
        new("deg", [ValueType.Vector], ValueType.Vector),
        new("delta", [ValueType.Matrix], ValueType.Vector),
        new("deriv", [ValueType.Matrix], ValueType.Vector),
        new("exp", [ValueType.Vector], ValueType.Vector),
        new("first_over_time", [ValueType.Matrix], ValueType.Vector),
        new("floor", [ValueType.Vector], ValueType.Vector),
        new("histogram_avg", [ValueType.Vector], ValueType.Vector),
        new("histogram_count", [ValueType.Vector], ValueType.Vector),
        new("histogram_fraction", [ValueType.Scalar, ValueType.Scalar, ValueType.Vector], ValueType.Vector),
        new("histogram_quantile", [ValueType.Scalar, ValueType.Vector], ValueType.Vector),
        new("histogram_stddev", [ValueType.Vector], ValueType.Vector),
        new("histogram_stdvar", [ValueType.Vector], ValueType.Vector),
        new("histogram_sum", [ValueType.Vector], ValueType.Vector),
        new("hour", [ValueType.Vector], ValueType.Vector, 1),
        new("idelta", [ValueType.Matrix], ValueType.Vector),
        new("increase", [ValueType.Matrix], ValueType.Vector),
        new("irate", [ValueType.Matrix], ValueType.Vector),
        new("label_join", [ValueType.Vector, ValueType.String, ValueType.String, ValueType.String], ValueType.Vector, -1),
        new("label_replace", [ValueType.Vector, ValueType.String, ValueType.String, ValueType.String, ValueType.String], ValueType.Vector),
        new("last_over_time", [ValueType.Matrix], ValueType.Vector),
        new("ln", [ValueType.Vector], ValueType.Vector),
        new("log10", [ValueType.Vector], ValueType.Vector),
        new("log2", [ValueType.Vector], ValueType.Vector),
        new("max_over_time", [ValueType.Matrix], ValueType.Vector),
        new("min_over_time", [ValueType.Matrix], ValueType.Vector),
        new("minute", [ValueType.Vector], ValueType.Vector, 1),
        new("month", [ValueType.Vector], ValueType.Vector, 1),
        new("pi", [], ValueType.Scalar),
        new("predict_linear", [ValueType.Matrix, ValueType.Scalar], ValueType.Vector),
        new("present_over_time", [ValueType.Matrix], ValueType.Vector),
        new("quantile_over_time", [ValueType.Scalar, ValueType.Matrix], ValueType.Vector),
        new("rad", [ValueType.Vector], ValueType.Vector),
        new("rate", [ValueType.Matrix], ValueType.Vector),
        new("resets", [ValueType.Matrix], ValueType.Vector),
        new("round", [ValueType.Vector, ValueType.Scalar], ValueType.Vector, 1),
        new("scalar", [ValueType.Vector], ValueType.Scalar),
        new("sgn", [ValueType.Vector], ValueType.Vector),
        new("sin", [ValueType.Vector], ValueType.Vector),
        new("sinh", [ValueType.Vector], ValueType.Vector),
        new("sort", [ValueType.Vector], ValueType.Vector),
        new("sort_desc", [ValueType.Vector], ValueType.Vector),
        new("sqrt", [ValueType.Vector], ValueType.Vector),
        new("stddev_over_time", [ValueType.Matrix], ValueType.Vector),
        new("stdvar_over_time", [ValueType.Matrix], ValueType.Vector),
        new("sum_over_time", [ValueType.Matrix], ValueType.Vector),
        new("tan", [ValueType.Vector], ValueType.Vector),
        new("tanh", [ValueType.Vector], ValueType.Vector),
        new("time", [], ValueType.Scalar),
        new("timestamp", [ValueType.Vector], ValueType.Vector),
        new("vector", [ValueType.Scalar], ValueType.Vector),
        new("year", [ValueType.Vector], ValueType.Vector, 1),

        // Behind the feature flag promql-experimental-functions.
        new("double_exponential_smoothing", [ValueType.Matrix, ValueType.Scalar, ValueType.Scalar], ValueType.Vector, IsExperimental: true),
        new("end", [], ValueType.Scalar, IsExperimental: true),
        new("histogram_quantiles", [ValueType.Vector, ValueType.String, ValueType.Scalar, ValueType.Scalar], ValueType.Vector, 9, IsExperimental: true),
        new("info", [ValueType.Vector, ValueType.Vector], ValueType.Vector, 1, IsExperimental: true),
        new("mad_over_time", [ValueType.Matrix], ValueType.Vector, IsExperimental: true),
        new("max_of", [ValueType.Scalar, ValueType.Scalar], ValueType.Scalar, IsExperimental: true),
        new("min_of", [ValueType.Scalar, ValueType.Scalar], ValueType.Scalar, IsExperimental: true),
        new("range", [], ValueType.Scalar, IsExperimental: true),
        new("sort_by_label", [ValueType.Vector, ValueType.String], ValueType.Vector, -1, IsExperimental: true),
        new("sort_by_label_desc", [ValueType.Vector, ValueType.String], ValueType.Vector, -1, IsExperimental: true),
        new("start", [], ValueType.Scalar, IsExperimental: true),
        new("start_timestamp", [ValueType.Vector], ValueType.Vector, IsExperimental: true),
        new("step", [], ValueType.Scalar, IsExperimental: true),
        new("ts_of_first_over_time", [ValueType.Matrix], ValueType.Vector, IsExperimental: true),
        new("ts_of_last_over_time", [ValueType.Matrix], ValueType.Vector, IsExperimental: true),
        new("ts_of_max_over_time", [ValueType.Matrix], ValueType.Vector, IsExperimental: true),
        new("ts_of_min_over_time", [ValueType.Matrix], ValueType.Vector, IsExperimental: true),
    ];

    private static readonly FrozenDictionary<string, FunctionSignature> s_byName =
        s_signatures.ToFrozenDictionary(signature => signature.Name, StringComparer.Ordinal);

    /// <summary>All signatures, the stable ones first.</summary>
    public static IReadOnlyList<FunctionSignature> All => s_signatures;

    /// <summary>The function of that name, null if there is none. Names are case-sensitive.</summary>
    public static FunctionSignature? Find(string name) => s_byName.GetValueOrDefault(name);
}
