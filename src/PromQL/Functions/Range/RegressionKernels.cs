using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Least squares over windows, and smoothing by trend.</summary>
internal static class RegressionKernels
{
    public static void Derivative(RangeCall call, RangeInput input, StepBlock output)
    {
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            if (!HasEnough(call, input, i))
            {
                continue;
            }

            // Times relative to the first sample: their absolute size would cost precision.
            int start = input.FloatStarts[i];
            Fit(input, i, input.FloatTimes[start], out double slope, out _);
            output.Set(i, slope);
        }
    }

    public static void PredictLinear(RangeCall call, RangeInput input, StepBlock output)
    {
        double[] durations = call.Scalars[0];
        for (int i = 0; i < output.Count; i++)
        {
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
        double first = values[0];
        bool constant = true;
        for (int i = 0; i < values.Length; i++)
        {
            constant &= values[i] == first;
            count++;
            double x = (times[i] - interceptMs) / 1e3;
            Kahan.Add(x, ref sumX, ref compensationX);
            Kahan.Add(values[i], ref sumY, ref compensationY);
            Kahan.Add(x * values[i], ref sumXY, ref compensationXY);
            Kahan.Add(x * x, ref sumX2, ref compensationX2);
        }

        if (constant)
        {
            bool infinite = double.IsInfinity(first);
            slope = infinite ? double.NaN : 0;
            intercept = infinite ? double.NaN : first;
            return;
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
