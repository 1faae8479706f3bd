using System.Buffers;
using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Counts transitions between neighbouring samples. A running count over the series makes each window a subtraction.</summary>
internal static class TransitionKernels
{
    private delegate bool Transition(double previous, FloatHistogram? previousHistogram, double current, FloatHistogram? currentHistogram);

    public static void Changes(RangeCall call, RangeInput input, StepBlock output)
    {
        if (input.HasHistograms)
        {
            CountMerged(call, input, output, IsChange);
            return;
        }

        ReadOnlySpan<double> values = input.FloatValues;
        int[] before = RentCounts(values.Length);
        for (int i = 1; i < values.Length; i++)
        {
            before[i] = before[i - 1] + (IsChange(values[i - 1], null, values[i], null) ? 1 : 0);
        }

        CountFloats(call, input, output, before);
        ArrayPool<int>.Shared.Return(before);
    }

    public static void Resets(RangeCall call, RangeInput input, StepBlock output)
    {
        if (input.HasHistograms)
        {
            CountMerged(call, input, output, IsReset, call.UsesOrigins(input));
            return;
        }

        ReadOnlySpan<double> values = input.FloatValues;
        int[] before = RentCounts(values.Length);
        if (call.UsesOrigins(input))
        {
            ReadOnlySpan<long> times = input.FloatTimes;
            ReadOnlySpan<long> origins = input.FloatOrigins;
            for (int i = 1; i < values.Length; i++)
            {
                bool isReset = values[i] < values[i - 1] || StartTimestamps.IsReset(origins[i - 1], times[i - 1], origins[i], times[i]);
                before[i] = before[i - 1] + (isReset ? 1 : 0);
            }
        }
        else
        {
            CountResets(values, before);
        }

        CountFloats(call, input, output, before);
        ArrayPool<int>.Shared.Return(before);
    }

    // Resets are few, so the counts are runs of the same number.
    private static void CountResets(ReadOnlySpan<double> values, Span<int> before)
    {
        int[] rented = ArrayPool<int>.Shared.Rent(values.Length + 1);
        ReadOnlySpan<int> resets = rented.AsSpan(0, RateKernels.FindResets(values, rented));
        int from = 0;
        for (int i = 0; i < resets.Length; i++)
        {
            before[from..resets[i]].Fill(i);
            from = resets[i];
        }

        if (from < values.Length)
        {
            before[from..values.Length].Fill(resets.Length);
        }

        ArrayPool<int>.Shared.Return(rented);
    }

    private static int[] RentCounts(int samples)
    {
        int[] counts = ArrayPool<int>.Shared.Rent(samples + 1);
        counts[0] = 0;
        return counts;
    }

    private static void CountFloats(RangeCall call, RangeInput input, StepBlock output, ReadOnlySpan<int> before)
    {
        for (int i = 0; i < output.Count; i++)
        {
            int start = input.FloatStarts[i];
            int end = input.FloatEnds[i];
            if (end == start)
            {
                continue;
            }

            if (call.Extension == SelectorExtension.Anchored && TryAnchor(call, input.FloatTimes, i, start, out int anchor))
            {
                start = anchor;
            }

            output.Set(i, before[end - 1] - before[start]);
        }
    }

    // The last sample at or before the left edge joins the window.
    private static bool TryAnchor(RangeCall call, ReadOnlySpan<long> times, int step, int start, out int anchor)
    {
        anchor = start - 1;
        return anchor >= 0 && times[anchor] > call.Times.TimeAt(step) - call.RangeMs - call.LookbackMs;
    }

    private static void CountMerged(RangeCall call, RangeInput input, StepBlock output, Transition isTransition, bool usesOrigins = false)
    {
        int total = input.FloatTimes.Length + input.HistogramTimes.Length;
        long[] times = new long[total];
        int[] before = new int[total + 1];
        double previous = 0;
        FloatHistogram? previousHistogram = null;
        long previousOrigin = 0;
        for (int i = 0, f = 0, h = 0; i < total; i++)
        {
            double current = 0;
            FloatHistogram? histogram = null;
            long origin = 0;
            if (h == input.HistogramTimes.Length || (f < input.FloatTimes.Length && input.FloatTimes[f] < input.HistogramTimes[h]))
            {
                times[i] = input.FloatTimes[f];
                origin = usesOrigins ? input.FloatOrigins[f] : 0;
                current = input.FloatValues[f++];
            }
            else
            {
                times[i] = input.HistogramTimes[h];
                origin = usesOrigins ? input.HistogramOrigins[h] : 0;
                histogram = input.Histograms[h++];
            }

            bool counts = i > 0
                && (isTransition(previous, previousHistogram, current, histogram) || StartTimestamps.IsReset(previousOrigin, times[i - 1], origin, times[i]));
            before[i] = (i == 0 ? 0 : before[i - 1]) + (counts ? 1 : 0);
            previousOrigin = origin;
            previous = current;
            previousHistogram = histogram;
        }

        int start = 0;
        int end = 0;
        for (int i = 0; i < output.Count; i++)
        {
            long right = call.Times.TimeAt(i);
            while (end < total && times[end] <= right)
            {
                end++;
            }

            while (start < end && times[start] <= right - call.RangeMs)
            {
                start++;
            }

            if (start == end)
            {
                continue;
            }

            int first = call.Extension == SelectorExtension.Anchored && TryAnchor(call, times, i, start, out int anchor) ? anchor : start;
            output.Set(i, before[end - 1] - before[first]);
        }
    }

    private static bool IsChange(double previous, FloatHistogram? previousHistogram, double current, FloatHistogram? histogram)
    {
        if (previousHistogram is null && histogram is null)
        {
            return current != previous && !(double.IsNaN(current) && double.IsNaN(previous));
        }

        return previousHistogram is null || histogram is null || !histogram.ValueEquals(previousHistogram);
    }

    private static bool IsReset(double previous, FloatHistogram? previousHistogram, double current, FloatHistogram? histogram)
    {
        if (previousHistogram is null && histogram is null)
        {
            return current < previous;
        }

        return previousHistogram is null || histogram is null || histogram.DetectReset(previousHistogram);
    }
}
