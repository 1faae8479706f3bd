using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Sums, averages and variances. Each window is summed anew from its left end, neighbours side by side: a sliding sum would round differently from upstream's.</summary>
internal static class SummationKernels
{
    public static void Sum(RangeCall call, RangeInput input, StepBlock output)
    {
        using var lanes = new WindowLanes(input);
        LaneColumn<double> column = lanes.LayOut(input.FloatValues);
        for (int i = 0; i < output.Count; i++)
        {
            if (lanes.TryGroup(i, out int first, out int length)
                && TrySums(column, input.FloatStarts[first], length, out Vector512<double> sums, out Vector512<double> compensations))
            {
                SetGroup(call, output, first, sums + compensations);
                i = first + WindowLanes.Count - 1;
                continue;
            }

            call.Tick(i);
            ReadOnlySpan<double> window = input.FloatValues[input.FloatStarts[i]..input.FloatEnds[i]];
            if (TryHistograms(call, input, i, window.Length, out ReadOnlySpan<FloatHistogram> histograms))
            {
                if (HistogramSums.Sum(call, input, histograms) is { } sum)
                {
                    output.Set(i, sum);
                }
            }
            else if (window.Length > 0 && histograms.IsEmpty)
            {
                output.Set(i, Sum(window));
            }
        }
    }

    public static void Average(RangeCall call, RangeInput input, StepBlock output)
    {
        using var lanes = new WindowLanes(input);
        LaneColumn<double> column = lanes.LayOut(input.FloatValues);
        for (int i = 0; i < output.Count; i++)
        {
            if (lanes.TryGroup(i, out int first, out int length)
                && TrySums(column, input.FloatStarts[first], length, out Vector512<double> sums, out Vector512<double> compensations))
            {
                Vector512<double> count = Vector512.Create((double)length);
                SetGroup(call, output, first, (sums / count) + (compensations / count));
                i = first + WindowLanes.Count - 1;
                continue;
            }

            call.Tick(i);
            ReadOnlySpan<double> window = input.FloatValues[input.FloatStarts[i]..input.FloatEnds[i]];
            if (TryHistograms(call, input, i, window.Length, out ReadOnlySpan<FloatHistogram> histograms))
            {
                if (HistogramSums.Average(call, input, histograms) is { } average)
                {
                    output.Set(i, average);
                }
            }
            else if (window.Length > 0 && histograms.IsEmpty)
            {
                output.Set(i, Average(window));
            }
        }
    }

    public static void Variance(RangeCall call, RangeInput input, StepBlock output, bool squareRoot)
    {
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            ReadOnlySpan<double> window = input.FloatValues[input.FloatStarts[i]..input.FloatEnds[i]];
            if (window.IsEmpty)
            {
                continue;
            }

            ExtremeKernels.WarnOfHistograms(call, input, i);
            double variance = Variance(window);
            output.Set(i, squareRoot ? Math.Sqrt(variance) : variance);
        }
    }

    // True if the window holds histograms only. A mix is annotated and yields nothing: then the histograms are not empty.
    private static bool TryHistograms(RangeCall call, RangeInput input, int step, int floats, out ReadOnlySpan<FloatHistogram> histograms)
    {
        histograms = input.HasHistograms ? input.Histograms[input.HistogramStarts[step]..input.HistogramEnds[step]] : default;
        if (histograms.Length > 0 && floats > 0)
        {
            call.WarnMixed(input);
            return false;
        }

        return histograms.Length > 0;
    }

    private static void SetGroup(RangeCall call, StepBlock output, int first, Vector512<double> results)
    {
        call.Context.ThrowIfCancelled();
        results.CopyTo(output.Values.Slice(first, WindowLanes.Count));
        output.Present.Slice(first, WindowLanes.Count).Fill(true);
    }

    // The sums of a group of windows, if all of them are finite.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool TrySums(LaneColumn<double> column, int start, int length, out Vector512<double> sums, out Vector512<double> compensations)
    {
        ref double items = ref MemoryMarshal.GetReference(column.Items);
        var cursor = new LaneCursor(start, column.Stride, column.Rows);
        Vector512<double> sum = Vector512<double>.Zero;
        Vector512<double> compensation = Vector512<double>.Zero;
        for (int i = 0; i < length; i++, cursor.MoveNext())
        {
            Kahan.AddFinite(Vector512.LoadUnsafe(ref items, (nuint)cursor.Place), ref sum, ref compensation);
        }

        sums = sum;
        compensations = compensation;
        return Kahan.AreFinite(sum);
    }

    private static double Sum(ReadOnlySpan<double> window)
    {
        double sum = 0;
        double compensation = 0;
        foreach (double value in window)
        {
            Kahan.Add(value, ref sum, ref compensation);
        }

        return double.IsInfinity(sum) ? sum : sum + compensation;
    }

    // A plain mean while the sum fits into a double, an incremental one from the sample on at which it no longer does.
    private static double Average(ReadOnlySpan<double> window)
    {
        if (window.Length == 1)
        {
            return window[0];
        }

        double sum = 0;
        double compensation = 0;
        int index = 0;
        for (; index < window.Length; index++)
        {
            double nextSum = sum;
            double nextCompensation = compensation;
            Kahan.Add(window[index], ref nextSum, ref nextCompensation);
            if (index > 0 && double.IsInfinity(nextSum))
            {
                break;
            }

            sum = nextSum;
            compensation = nextCompensation;
        }

        double count = window.Length;
        if (index == window.Length)
        {
            return (sum / count) + (compensation / count);
        }

        double mean = sum / index;
        compensation /= index;
        for (; index < window.Length; index++)
        {
            count = index + 1;
            double share = (count - 1) / count;
            mean *= share;
            compensation *= share;
            Kahan.Add(window[index] / count, ref mean, ref compensation);
        }

        return mean + compensation;
    }

    private static double Variance(ReadOnlySpan<double> window)
    {
        double count = 0;
        double mean = 0;
        double meanCompensation = 0;
        double squares = 0;
        double squaresCompensation = 0;
        foreach (double value in window)
        {
            count++;
            double delta = value - (mean + meanCompensation);
            Kahan.Add(delta / count, ref mean, ref meanCompensation);
            Kahan.Add(delta * (value - (mean + meanCompensation)), ref squares, ref squaresCompensation);
        }

        return (squares + squaresCompensation) / count;
    }
}
