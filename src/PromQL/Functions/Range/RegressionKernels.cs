using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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
            int end = GrowingWindows.EndOfRun(input, i);
            if (end - i > 1)
            {
                DerivativeOfGrowing(input, output, i, end);
                i = end - 1;
            }
            else if (HasEnough(call, input, i))
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
            int end = GrowingWindows.EndOfRun(input, i);
            if (end - i > 1)
            {
                PredictGrowing(call, input, output, i, end);
                i = end - 1;
            }
            else if (HasEnough(call, input, i))
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

    // The times of all windows are relative to the same sample, so one pass along the longest of them passes the sums of the others.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DerivativeOfGrowing(RangeInput input, StepBlock output, int from, int to)
    {
        ReadOnlySpan<int> ends = input.FloatEnds;
        int start = input.FloatStarts[from];
        ReadOnlySpan<long> times = input.FloatTimes[start..ends[to - 1]];
        ReadOnlySpan<double> values = input.FloatValues[start..ends[to - 1]];
        Vector256<double> sums = default;
        Vector256<double> compensations = default;
        int constant = 0;
        int next = 0;
        for (int i = from; i < to; i++)
        {
            int length = ends[i] - start;
            if (length < 2)
            {
                continue;
            }

            for (; next < length; next++)
            {
                double x = (times[next] - times[0]) / 1e3;
                double y = values[next];
                constant += constant == next && y == values[0] ? 1 : 0;
                Kahan.AddFinite(Vector256.Create(x, y, x * y, x * x), ref sums, ref compensations);
            }

            double slope;
            if (constant == length)
            {
                FitConstant(values[0], out slope, out _);
            }
            else if (sums - sums == Vector256<double>.Zero)
            {
                Vector256<double> total = sums + compensations;
                FitSums(length, total[0], total[1], total[2], total[3], out slope, out _);
            }
            else
            {
                Fit(input, i, times[0], out slope, out _);
            }

            output.Set(i, slope);
        }
    }

    private static void PredictGrowing(RangeCall call, RangeInput input, StepBlock output, int from, int to)
    {
        double[] durations = call.Scalars[0];
        ReadOnlySpan<int> ends = input.FloatEnds;
        int start = input.FloatStarts[from];
        while (from < to && ends[from] - start < 2)
        {
            from++;
        }

        GrowingTrends trends = input.Growing;
        while (from < to)
        {
            call.Context.ThrowIfCancelled();
            int fitted = trends.Fit(input, call.Grid, from, to);
            for (int i = 0; i < fitted; i++)
            {
                double slope = trends.Slopes[i];
                double intercept = trends.Intercepts[i];
                if (ends[from + i] - start <= trends.ConstantSamples)
                {
                    FitConstant(input.FloatValues[start], out slope, out intercept);
                }
                else if (!double.IsFinite(slope) || !double.IsFinite(intercept))
                {
                    Fit(input, from + i, call.Grid.TimeAt(from + i), out slope, out intercept);
                }

                output.Set(from + i, (slope * durations[from + i]) + intercept);
            }

            from += fitted;
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
            FitConstant(values[0], out slope, out intercept);
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

        FitSums(count, sumX + compensationX, sumY + compensationY, sumXY + compensationXY, sumX2 + compensationX2, out slope, out intercept);
    }

    private static void FitSums(double count, double sumX, double sumY, double sumXY, double sumX2, out double slope, out double intercept)
    {
        double covariance = sumXY - (sumX * sumY / count);
        double variance = sumX2 - (sumX * sumX / count);
        slope = covariance / variance;
        intercept = (sumY / count) - (slope * sumX / count);
    }

    private static void FitConstant(double value, out double slope, out double intercept)
    {
        bool infinite = double.IsInfinity(value);
        slope = infinite ? double.NaN : 0;
        intercept = infinite ? double.NaN : value;
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
