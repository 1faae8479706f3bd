namespace Narthex.PromQL.Functions.Range;

/// <summary>All functions over ranges, by name.</summary>
internal static class RangeFunctions
{
    private static readonly Dictionary<string, RangeFunction> s_functions = new(StringComparer.Ordinal)
    {
        ["rate"] = new(static (call, input, output) => RateKernels.Extrapolate(call, input, output, isCounter: true, isRate: true)),
        ["increase"] = new(static (call, input, output) => RateKernels.Extrapolate(call, input, output, isCounter: true, isRate: false)),
        ["delta"] = new(static (call, input, output) => RateKernels.Extrapolate(call, input, output, isCounter: false, isRate: false)),
        ["irate"] = new(static (call, input, output) => InstantRateKernels.Compute(call, input, output, isRate: true)),
        ["idelta"] = new(static (call, input, output) => InstantRateKernels.Compute(call, input, output, isRate: false)),
        ["changes"] = new(TransitionKernels.Changes),
        ["resets"] = new(TransitionKernels.Resets),
        ["deriv"] = new(RegressionKernels.Derivative),
        ["predict_linear"] = new(RegressionKernels.PredictLinear),
        ["double_exponential_smoothing"] = new(RegressionKernels.DoubleExponentialSmoothing),
        ["sum_over_time"] = new(SummationKernels.Sum),
        ["avg_over_time"] = new(SummationKernels.Average),
        ["stddev_over_time"] = new(static (call, input, output) => SummationKernels.Variance(call, input, output, squareRoot: true)),
        ["stdvar_over_time"] = new(static (call, input, output) => SummationKernels.Variance(call, input, output, squareRoot: false)),
        ["min_over_time"] = new(static (call, input, output) => ExtremeKernels.Extreme(call, input, output, wantsMax: false, wantsTime: false)),
        ["max_over_time"] = new(static (call, input, output) => ExtremeKernels.Extreme(call, input, output, wantsMax: true, wantsTime: false)),
        ["ts_of_min_over_time"] = new(static (call, input, output) => ExtremeKernels.Extreme(call, input, output, wantsMax: false, wantsTime: true)),
        ["ts_of_max_over_time"] = new(static (call, input, output) => ExtremeKernels.Extreme(call, input, output, wantsMax: true, wantsTime: true)),
        ["quantile_over_time"] = new(OrderKernels.Quantile),
        ["mad_over_time"] = new(OrderKernels.MedianAbsoluteDeviation),
        ["count_over_time"] = new(EdgeKernels.Count),
        ["present_over_time"] = new(EdgeKernels.Present),
        ["absent_over_time"] = new(EdgeKernels.Present),
        ["last_over_time"] = new(EdgeKernels.Last, KeepsName: true),
        ["first_over_time"] = new(EdgeKernels.First, KeepsName: true),
        ["ts_of_last_over_time"] = new(EdgeKernels.TimeOfLast),
        ["ts_of_first_over_time"] = new(EdgeKernels.TimeOfFirst),
    };

    public static bool TryGet(string name, out RangeFunction function) => s_functions.TryGetValue(name, out function!);
}
