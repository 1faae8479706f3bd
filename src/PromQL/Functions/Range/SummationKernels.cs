using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Functions.Kernels;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Sums, averages and variances. Each window is summed anew from its left end, neighbours side by side: a sliding sum would round differently from upstream's.
/// Windows that begin with the same sample need one pass for all of them.</summary>
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
            int end = GrowingWindows.EndOfRun(input, i);
            if (TryHistograms(call, input, i, out ReadOnlySpan<FloatHistogram> histograms))
            {
                if (HistogramSums.Sum(call, input, histograms) is { } sum)
                {
                    output.Set(i, sum);
                }
            }
            else if (histograms.IsEmpty)
            {
                Sum(input, output, i, end);
                i = end - 1;
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
            int end = GrowingWindows.EndOfRun(input, i);
            if (TryHistograms(call, input, i, out ReadOnlySpan<FloatHistogram> histograms))
            {
                if (HistogramSums.Average(call, input, histograms) is { } average)
                {
                    output.Set(i, average);
                }
            }
            else if (histograms.IsEmpty)
            {
                Average(input, output, i, end);
                i = end - 1;
            }
        }
    }

    public static void Variance(RangeCall call, RangeInput input, StepBlock output, bool squareRoot)
    {
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            if (input.FloatEnds[i] > input.FloatStarts[i])
            {
                ExtremeKernels.WarnOfHistograms(call, input, i);
            }

            int end = GrowingWindows.EndOfRun(input, i);
            Variance(input, output, i, end, squareRoot);
            i = end - 1;
        }
    }

    // True if the window holds histograms only. A mix is annotated and yields nothing: then the histograms are not empty.
    private static bool TryHistograms(RangeCall call, RangeInput input, int step, out ReadOnlySpan<FloatHistogram> histograms)
    {
        histograms = input.HasHistograms ? input.Histograms[input.HistogramStarts[step]..input.HistogramEnds[step]] : default;
        if (histograms.Length > 0 && input.FloatEnds[step] > input.FloatStarts[step])
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

    // The windows of these steps begin with the same sample, here and below.
    private static void Sum(RangeInput input, StepBlock output, int from, int to)
    {
        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<int> ends = input.FloatEnds;
        int start = input.FloatStarts[from];
        int next = start;
        double sum = 0;
        double compensation = 0;
        for (int i = from; i < to; i++)
        {
            int end = ends[i];
            if (end == start)
            {
                continue;
            }

            for (; next < end; next++)
            {
                Kahan.Add(values[next], ref sum, ref compensation);
            }

            output.Set(i, double.IsInfinity(sum) ? sum : sum + compensation);
        }
    }

    // A plain mean while the sum fits into a double, an incremental one from the sample on at which it no longer does.
    private static void Average(RangeInput input, StepBlock output, int from, int to)
    {
        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<int> ends = input.FloatEnds;
        int start = input.FloatStarts[from];
        int next = start;
        bool isIncremental = false;
        double sum = 0;
        double compensation = 0;
        for (int i = from; i < to; i++)
        {
            int end = ends[i];
            if (end == start)
            {
                continue;
            }

            double count;
            for (; next < end && !isIncremental; next++)
            {
                double nextSum = sum;
                double nextCompensation = compensation;
                Kahan.Add(values[next], ref nextSum, ref nextCompensation);
                if (next > start && double.IsInfinity(nextSum))
                {
                    isIncremental = true;
                    count = next - start;
                    sum /= count;
                    compensation /= count;
                    break;
                }

                sum = nextSum;
                compensation = nextCompensation;
            }

            for (; next < end; next++)
            {
                count = next - start + 1;
                double share = (count - 1) / count;
                sum *= share;
                compensation *= share;
                Kahan.Add(values[next] / count, ref sum, ref compensation);
            }

            // The first value is its own mean, also where it is a negative zero.
            count = end - start;
            output.Set(i, count == 1 ? values[start] : isIncremental ? sum + compensation : (sum / count) + (compensation / count));
        }
    }

    private static void Variance(RangeInput input, StepBlock output, int from, int to, bool squareRoot)
    {
        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<int> ends = input.FloatEnds;
        int start = input.FloatStarts[from];
        int next = start;
        double count = 0;
        double mean = 0;
        double meanCompensation = 0;
        double squares = 0;
        double squaresCompensation = 0;
        for (int i = from; i < to; i++)
        {
            int end = ends[i];
            if (end == start)
            {
                continue;
            }

            for (; next < end; next++)
            {
                count++;
                double value = values[next];
                double delta = value - (mean + meanCompensation);
                Kahan.Add(delta / count, ref mean, ref meanCompensation);
                Kahan.Add(delta * (value - (mean + meanCompensation)), ref squares, ref squaresCompensation);
            }

            double variance = (squares + squaresCompensation) / count;
            output.Set(i, squareRoot ? Math.Sqrt(variance) : variance);
        }
    }
}
