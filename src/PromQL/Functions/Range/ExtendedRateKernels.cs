using Narthex.Model;
using Narthex.PromQL.Execution;
using Narthex.PromQL.Syntax;

namespace Narthex.PromQL.Functions.Range;

/// <summary>rate, increase and delta over <c>anchored</c> and <c>smoothed</c> selectors: exact values at the edges instead of extrapolation.</summary>
/// <remarks>
/// Anchored takes the last sample at or before the left edge as it is; smoothed interpolates at both edges.
/// Both look at most one lookback beyond the window.
/// </remarks>
internal static class ExtendedRateKernels
{
    public static void Compute(RangeCall call, RangeInput input, StepBlock output, bool isCounter, bool isRate)
    {
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            bool hasFloats = TryFindEdges(call, input.FloatTimes, i, out Edges floats);
            bool hasHistograms = TryFindEdges(call, input.HistogramTimes, i, out Edges histograms);
            double divisor = isRate ? call.RangeMs / 1000.0 : 1;
            if (hasFloats && hasHistograms)
            {
                call.WarnMixed(input);
            }
            else if (hasFloats)
            {
                output.Set(i, FloatDifference(input, floats, isCounter) / divisor);
            }
            else if (hasHistograms && HistogramDifference(call, input, histograms, isCounter) is { } difference)
            {
                output.Set(i, difference.Scaled(1 / divisor));
            }
        }
    }

    private static double FloatDifference(RangeInput input, Edges edges, bool isCounter)
    {
        ReadOnlySpan<long> times = input.FloatTimes;
        ReadOnlySpan<double> values = input.FloatValues;
        double left = edges.LeftIsBetween
            ? Interpolation.Floats(times, values, edges.First - 1, edges.First, edges.StartMs, isCounter)
            : values[edges.First];
        double right = edges.RightIsBetween
            ? Interpolation.Floats(times, values, edges.Last, edges.Last + 1, edges.EndMs, isCounter)
            : values[edges.Last];
        double difference = right - left;
        if (!isCounter)
        {
            return difference;
        }

        for (int i = edges.First + 1; i <= edges.Last; i++)
        {
            if (values[i] < values[i - 1])
            {
                difference += values[i - 1];
            }
        }

        if (edges.RightCountsReset && values[edges.Last + 1] < values[edges.Last])
        {
            difference += values[edges.Last];
        }

        return difference;
    }

    private static FloatHistogram? HistogramDifference(RangeCall call, RangeInput input, Edges edges, bool isCounter)
    {
        ReadOnlySpan<long> times = input.HistogramTimes;
        ReadOnlySpan<FloatHistogram> all = input.Histograms;
        int from = edges.LeftIsBetween ? edges.First - 1 : edges.First;
        int to = edges.RightIsBetween ? edges.Last + 1 : edges.Last;
        ReadOnlySpan<FloatHistogram> involved = all[from..(to + 1)];
        HistogramRate.CheckHints(call, input, involved, isCounter);
        foreach (FloatHistogram histogram in involved)
        {
            if (histogram.UsesCustomBuckets != involved[0].UsesCustomBuckets)
            {
                call.WarnMixedBuckets(input);
                return null;
            }
        }

        FloatHistogram left = edges.LeftIsBetween
            ? Interpolation.Histograms(times, all, edges.First - 1, edges.First, edges.StartMs, isCounter, out _)!
            : all[edges.First];
        FloatHistogram right = edges.RightIsBetween
            ? Interpolation.Histograms(times, all, edges.Last, edges.Last + 1, edges.EndMs, isCounter, out _)!
            : all[edges.Last];
        FloatHistogram result = right.Minus(left, out _);
        if (isCounter)
        {
            for (int i = edges.First + 1; i <= edges.Last; i++)
            {
                if (all[i].DetectReset(all[i - 1]))
                {
                    result = result.Plus(all[i - 1], out _);
                }
            }

            if (edges.RightCountsReset && all[edges.Last + 1].DetectReset(all[edges.Last]))
            {
                result = result.Plus(all[edges.Last], out _);
            }
        }

        result.CounterResetHint = CounterResetHint.Gauge;
        return result.Compacted();
    }

    private static bool TryFindEdges(RangeCall call, ReadOnlySpan<long> times, int step, out Edges edges)
    {
        long endMs = call.Times.TimeAt(step);
        long startMs = endMs - call.RangeMs;
        int inside = FirstAfter(times, startMs);
        int behind = FirstAfter(times, endMs);
        bool hasBefore = inside > 0 && times[inside - 1] > startMs - call.LookbackMs;
        if (call.Extension == SelectorExtension.Anchored)
        {
            edges = new Edges(hasBefore ? inside - 1 : inside, behind - 1, false, false, startMs, endMs);
            return behind > inside;
        }

        bool hasBehind = behind < times.Length && times[behind] <= endMs + call.LookbackMs;
        bool leftIsExact = hasBefore && times[inside - 1] == startMs;
        bool rightIsExact = behind > inside && times[behind - 1] == endMs;

        // Samples on one side of the window only say nothing about it.
        bool hasInside = behind > inside;
        edges = new Edges(
            leftIsExact ? inside - 1 : inside,
            behind - 1,
            hasBefore && !leftIsExact,
            hasBehind && !rightIsExact,
            startMs,
            endMs);
        return hasInside || (hasBefore && hasBehind);
    }

    private static int FirstAfter(ReadOnlySpan<long> times, long timeMs)
    {
        int found = times.BinarySearch(timeMs);
        return found >= 0 ? found + 1 : ~found;
    }

    // First and Last: the samples that count as they are; Last is before First if there are none. LeftIsBetween: the left value lies
    // between the samples First - 1 and First. RightIsBetween: the right value lies between the samples Last and Last + 1.
    private readonly record struct Edges(int First, int Last, bool LeftIsBetween, bool RightIsBetween, long StartMs, long EndMs)
    {
        // With both edges between the same two samples, the left value already stands behind the reset.
        public bool RightCountsReset => RightIsBetween && Last >= First;
    }
}
