using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions.Range;

/// <summary>rate, increase and delta, extrapolated to the edges of the window.</summary>
internal static class RateKernels
{
    public static void Extrapolate(RangeCall call, RangeInput input, StepBlock output, bool isCounter, bool isRate)
    {
        if (call.Extension != SelectorExtension.None)
        {
            ExtendedRateKernels.Compute(call, input, output, isCounter, isRate);
        }
        else
        {
            if (isCounter && call.UsesOrigins(input))
            {
                StartedRateKernels.Extrapolate(call, input, output, isRate);
            }
            else
            {
                ExtrapolateFloats(call, input, output, isCounter, isRate);
            }

            if (input.HasHistograms)
            {
                HistogramRate.Extrapolate(call, input, output, isCounter, isRate);
            }
        }

        if (isCounter)
        {
            InformIfNoCounter(call, input, output);
        }
    }

    /// <summary>How far a difference between the first and last sample of a window is stretched, as a factor.</summary>
    /// <remarks>Of histograms, the value of the first sample and the difference are those of the counts.</remarks>
    public static double Factor(long firstMs, long lastMs, int samples, long startMs, long endMs, bool isCounter, double first, double difference)
    {
        double toStart = (firstMs - startMs) / 1000.0;
        double toEnd = (endMs - lastMs) / 1000.0;
        double sampled = (lastMs - firstMs) / 1000.0;
        double average = sampled / (samples - 1);

        // A gap to the edge much longer than the usual distance means that the series begins or ends inside the window.
        double threshold = average * 1.1;
        if (toStart >= threshold)
        {
            toStart = average / 2;
        }

        if (isCounter && difference > 0 && first >= 0)
        {
            // A counter cannot have been below zero.
            double toZero = sampled * (first / difference);
            if (toZero < toStart)
            {
                toStart = toZero;
            }
        }

        if (toEnd >= threshold)
        {
            toEnd = average / 2;
        }

        return (sampled + toStart + toEnd) / sampled;
    }

    private static void ExtrapolateFloats(RangeCall call, RangeInput input, StepBlock output, bool isCounter, bool isRate)
    {
        // Positions whose value is below their predecessor's: few, so each window only visits its own.
        ReadOnlySpan<double> values = input.FloatValues;
        int[] rented = isCounter ? ArrayPool<int>.Shared.Rent(Math.Max(values.Length, 1)) : [];
        ReadOnlySpan<int> resets = rented.AsSpan(0, isCounter ? FindResets(values, rented) : 0);
        SteadyWindows steady = input.Steady;
        int from = input.FirstFilled;
        int to = input.FilledEnd;
        if (!input.HasHistograms && steady.Length >= 2 && steady.To - steady.From >= SteadyRateKernel.StepsMin)
        {
            ExtrapolateEach(call, input, output, resets, from, steady.From, isCounter, isRate);
            SteadyRateKernel.Compute(call, input, output, resets, isCounter, isRate);
            ExtrapolateEach(call, input, output, resets, steady.To, to, isCounter, isRate);
        }
        else
        {
            ExtrapolateEach(call, input, output, resets, from, to, isCounter, isRate);
        }

        if (isCounter)
        {
            ArrayPool<int>.Shared.Return(rented);
        }
    }

    private static void ExtrapolateEach(
        RangeCall call, RangeInput input, StepBlock output, ReadOnlySpan<int> resets, int from, int to, bool isCounter, bool isRate)
    {
        if (from >= to)
        {
            return;
        }

        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<long> times = input.FloatTimes;
        ReadOnlySpan<int> starts = input.FloatStarts;
        ReadOnlySpan<int> ends = input.FloatEnds;
        Span<double> result = output.Values;
        Span<bool> present = output.Present;
        int firstReset = 0;
        var batch = new RateBatch(call.RangeMs, isCounter, isRate);
        for (int i = from; i < to; i++)
        {
            int lane = (i - from) % RateBatch.Size;
            call.Tick(i);
            int start = starts[i];
            int last = ends[i] - 1;
            if (last <= start || (input.HasHistograms && input.HistogramEnds[i] > input.HistogramStarts[i]))
            {
                batch.Skip(lane);
            }
            else
            {
                double difference = values[last] - values[start];
                while (firstReset < resets.Length && resets[firstReset] <= start)
                {
                    firstReset++;
                }

                for (int r = firstReset; r < resets.Length && resets[r] <= last; r++)
                {
                    difference += values[resets[r] - 1];
                }

                long endMs = call.Times.TimeAt(i);
                batch.Set(lane, times[start] - (endMs - call.RangeMs), endMs - times[last], times[last] - times[start], last - start, values[start], difference);
                present[i] = true;
            }

            if (lane == RateBatch.Size - 1 || i == to - 1)
            {
                batch.Compute(result.Slice(i - lane, lane + 1));
            }
        }
    }

    /// <summary>Finds the positions whose value is below their predecessor's, and returns how many there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static int FindResets(ReadOnlySpan<double> values, Span<int> resets)
    {
        ref double first = ref MemoryMarshal.GetReference(values);
        int count = 0;
        int i = 1;
        int width = Vector512<double>.Count;
        for (; i <= values.Length - width; i += width)
        {
            if (Vector512.LessThanAny(Vector512.LoadUnsafe(ref first, (nuint)i), Vector512.LoadUnsafe(ref first, (nuint)(i - 1))))
            {
                for (int j = i; j < i + width; j++)
                {
                    if (values[j] < values[j - 1])
                    {
                        resets[count++] = j;
                    }
                }
            }
        }

        for (; i < values.Length; i++)
        {
            if (values[i] < values[i - 1])
            {
                resets[count++] = i;
            }
        }

        return count;
    }

    private static void InformIfNoCounter(RangeCall call, RangeInput input, StepBlock output)
    {
        if (input.FloatTimes.IsEmpty || input.GetCounterDoubt(call.Context.Options.EnableTypeAndUnitLabels) is not { } doubt)
        {
            return;
        }

        for (int i = 0; i < output.Count; i++)
        {
            if (output.IsFloatAt(i))
            {
                call.Inform(doubt, call.RangePosition);
                return;
            }
        }
    }
}
