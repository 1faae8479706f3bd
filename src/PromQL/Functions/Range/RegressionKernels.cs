using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Least squares over windows, and smoothing by trend.</summary>
internal static class RegressionKernels
{
    public static void Derivative(RangeCall call, RangeInput input, StepBlock output)
    {
        using var lanes = new RegressionLanes(input);
        Span<double> slopes = stackalloc double[WindowLanes.Count];
        Span<double> intercepts = stackalloc double[WindowLanes.Count];
        Span<long> origins = stackalloc long[WindowLanes.Count];
        for (int i = 0; i < output.Count; i++)
        {
            // Times relative to the first sample: their absolute size would cost precision.
            if (lanes.TryGroup(i, out int first, out int length))
            {
                for (int lane = 0; lane < origins.Length; lane++)
                {
                    origins[lane] = input.FloatTimes[input.FloatStarts[first + lane]];
                }

                if (lanes.TryFit(input.FloatStarts[first], length, origins, slopes, intercepts))
                {
                    call.Context.ThrowIfCancelled();
                    slopes.CopyTo(output.Values[first..]);
                    output.Present.Slice(first, WindowLanes.Count).Fill(true);
                    i = first + WindowLanes.Count - 1;
                    continue;
                }
            }

            call.Tick(i);
            if (HasEnough(call, input, i))
            {
                Fit(input, i, input.FloatTimes[input.FloatStarts[i]], out double slope, out _);
                output.Set(i, slope);
            }
        }
    }

    public static void PredictLinear(RangeCall call, RangeInput input, StepBlock output)
    {
        double[] durations = call.Scalars[0];
        using var lanes = new RegressionLanes(input);
        Span<double> slopes = stackalloc double[WindowLanes.Count];
        Span<double> intercepts = stackalloc double[WindowLanes.Count];
        Span<long> origins = stackalloc long[WindowLanes.Count];
        for (int i = 0; i < output.Count; i++)
        {
            if (lanes.TryGroup(i, out int first, out int length))
            {
                for (int lane = 0; lane < origins.Length; lane++)
                {
                    origins[lane] = call.Grid.TimeAt(first + lane);
                }

                if (lanes.TryFit(input.FloatStarts[first], length, origins, slopes, intercepts))
                {
                    call.Context.ThrowIfCancelled();
                    for (int lane = 0; lane < slopes.Length; lane++)
                    {
                        output.Set(first + lane, (slopes[lane] * durations[first + lane]) + intercepts[lane]);
                    }

                    i = first + WindowLanes.Count - 1;
                    continue;
                }
            }

            call.Tick(i);
            if (HasEnough(call, input, i))
            {
                Fit(input, i, call.Grid.TimeAt(i), out double slope, out double intercept);
                output.Set(i, (slope * durations[i]) + intercept);
            }
        }
    }

    public static void DoubleExponentialSmoothing(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            double smoothing = call.Scalars[0][i];
            double trend = call.Scalars[1][i];
            if (smoothing is <= 0 or >= 1)
            {
                throw new QueryException(QueryErrorKind.Execution, FormattableString.Invariant($"invalid smoothing factor. Expected: 0 < sf < 1, got: {smoothing:F6}"));
            }

            if (trend is <= 0 or >= 1)
            {
                throw new QueryException(QueryErrorKind.Execution, FormattableString.Invariant($"invalid trend factor. Expected: 0 < tf < 1, got: {trend:F6}"));
            }

            if (HasEnough(call, input, i))
            {
                output.Set(i, Smooth(input.FloatValues[input.FloatStarts[i]..input.FloatEnds[i]], smoothing, trend));
            }
        }
    }

    private static bool HasEnough(RangeCall call, RangeInput input, int step)
    {
        int count = input.FloatEnds[step] - input.FloatStarts[step];
        if (count > 0)
        {
            ExtremeKernels.WarnOfHistograms(call, input, step);
        }

        return count >= 2;
    }

    private static void Fit(RangeInput input, int step, long interceptMs, out double slope, out double intercept)
    {
        ReadOnlySpan<long> times = input.FloatTimes[input.FloatStarts[step]..input.FloatEnds[step]];
        ReadOnlySpan<double> values = input.FloatValues[input.FloatStarts[step]..input.FloatEnds[step]];
        double count = 0;
        double sumX = 0, compensationX = 0, sumY = 0, compensationY = 0;
        double sumXY = 0, compensationXY = 0, sumX2 = 0, compensationX2 = 0;
        if (IsConstant(values))
        {
            bool infinite = double.IsInfinity(values[0]);
            slope = infinite ? double.NaN : 0;
            intercept = infinite ? double.NaN : values[0];
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            count++;
            double x = (times[i] - interceptMs) / 1e3;
            Kahan.Add(x, ref sumX, ref compensationX);
            Kahan.Add(values[i], ref sumY, ref compensationY);
            Kahan.Add(x * values[i], ref sumXY, ref compensationXY);
            Kahan.Add(x * x, ref sumX2, ref compensationX2);
        }

        sumX += compensationX;
        sumY += compensationY;
        sumXY += compensationXY;
        sumX2 += compensationX2;
        double covariance = sumXY - (sumX * sumY / count);
        double variance = sumX2 - (sumX * sumX / count);
        slope = covariance / variance;
        intercept = (sumY / count) - (slope * sumX / count);
    }

    private static bool IsConstant(ReadOnlySpan<double> values)
    {
        double first = values[0];
        foreach (double value in values)
        {
            if (value != first)
            {
                return false;
            }
        }

        return true;
    }

    private static double Smooth(ReadOnlySpan<double> values, double smoothing, double trend)
    {
        double previous = 0;
        double current = values[0];
        double slope = values[1] - values[0];
        for (int i = 1; i < values.Length; i++)
        {
            double x = smoothing * values[i];
            if (i > 1)
            {
                slope = (trend * (current - previous)) + ((1 - trend) * slope);
            }

            double y = (1 - smoothing) * (current + slope);
            previous = current;
            current = x + y;
        }

        return current;
    }
}
