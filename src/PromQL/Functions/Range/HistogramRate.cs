using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>rate, increase and delta over native histograms.</summary>
internal static class HistogramRate
{
    public static void Extrapolate(RangeCall call, RangeInput input, StepBlock output, bool isCounter, bool isRate)
    {
        for (int i = 0; i < output.Count; i++)
        {
            call.Tick(i);
            int start = input.HistogramStarts[i];
            int end = input.HistogramEnds[i];
            if (end == start)
            {
                continue;
            }

            if (input.FloatEnds[i] > input.FloatStarts[i])
            {
                call.WarnMixed(input);
                continue;
            }

            ReadOnlySpan<FloatHistogram> window = input.Histograms[start..end];
            long endMs = call.Times.TimeAt(i);
            ReadOnlySpan<long> times = input.HistogramTimes[start..end];
            ReadOnlySpan<long> origins = isCounter && call.UsesOrigins(input) ? input.HistogramOrigins[start..end] : default;
            bool fromOrigin = origins.Length > 0 && StartTimestamps.IsOrigin(origins[0], endMs - call.RangeMs, times[0]);
            FloatHistogram? difference = window.Length > 1 ? Difference(call, input, window, times, origins, isCounter) : null;
            if (fromOrigin && (difference is not null || window.Length == 1))
            {
                difference = FromZero(call, input, difference, window[0]);
            }

            if (difference is null)
            {
                continue;
            }

            double factor = fromOrigin
                ? StartTimestamps.FactorFromOrigin(origins[0], times[0], times[^1], window.Length, endMs)
                : RateKernels.Factor(times[0], times[^1], window.Length, endMs - call.RangeMs, endMs, isCounter, window[0].Count, difference.Count);
            if (isRate)
            {
                factor /= call.RangeMs / 1000.0;
            }

            output.Set(i, difference.Scaled(factor));
        }
    }

    /// <summary>The difference between the last and first histogram, counter resets made good; null (with a warning) if they do not fit together.</summary>
    private static FloatHistogram? Difference(
        RangeCall call, RangeInput input, ReadOnlySpan<FloatHistogram> window, ReadOnlySpan<long> times, ReadOnlySpan<long> origins, bool isCounter)
    {
        FloatHistogram first = window[0];
        FloatHistogram last = window[^1];
        CheckHints(call, input, window, isCounter);

        // After a reset between the first two samples the layout of the first does not matter any more.
        bool firstIsVoid = isCounter && IsReset(window, times, origins, 1);
        bool custom = firstIsVoid ? window[1].UsesCustomBuckets : first.UsesCustomBuckets;
        for (int i = firstIsVoid ? 1 : 0; i < window.Length; i++)
        {
            bool isInner = i > 0 && i < window.Length - 1;
            if (window[i].UsesCustomBuckets != custom && (isCounter || !isInner))
            {
                call.WarnMixedBuckets(input);
                return null;
            }
        }

        // All at the coarsest resolution that occurs, so that nothing is lost by the order of operations.
        int schema = last.Schema;
        foreach (FloatHistogram histogram in isCounter ? window[(firstIsVoid ? 1 : 0)..] : window[..1])
        {
            schema = Math.Min(schema, histogram.Schema);
        }

        FloatHistogram result = last.CopyToSchema(schema);
        var flags = HistogramArithmetic.None;
        if (!firstIsVoid)
        {
            result = result.Minus(first, out flags);
        }

        if (isCounter)
        {
            for (int i = firstIsVoid ? 2 : 1; i < window.Length; i++)
            {
                if (IsReset(window, times, origins, i))
                {
                    result = result.Plus(window[i - 1], out HistogramArithmetic added);
                    flags |= added;
                }
            }
        }

        for (int i = 1; i < origins.Length; i++)
        {
            if (StartTimestamps.Overlaps(origins[i - 1], times[i - 1], origins[i]))
            {
                call.WarnOverlap(input);
                break;
            }
        }

        if (flags.HasFlag(HistogramArithmetic.BoundsReconciled))
        {
            call.Inform("mismatched custom buckets were reconciled during subtraction", call.RangePosition);
        }

        result.CounterResetHint = CounterResetHint.Gauge;
        return result.Compacted();
    }

    private static bool IsReset(ReadOnlySpan<FloatHistogram> window, ReadOnlySpan<long> times, ReadOnlySpan<long> origins, int i) =>
        (origins.Length > 0 && StartTimestamps.IsReset(origins[i - 1], times[i - 1], origins[i], times[i])) || window[i].DetectReset(window[i - 1]);

    // The first histogram of the window began at zero inside of it, so all of it is growth as well.
    private static FloatHistogram? FromZero(RangeCall call, RangeInput input, FloatHistogram? difference, FloatHistogram first)
    {
        if (difference is null)
        {
            return first;
        }

        if (difference.UsesCustomBuckets != first.UsesCustomBuckets)
        {
            call.WarnMixedBuckets(input);
            return null;
        }

        FloatHistogram sum = difference.Plus(first, out HistogramArithmetic arithmetic);
        if (arithmetic.HasFlag(HistogramArithmetic.BoundsReconciled))
        {
            call.Inform("mismatched custom buckets were reconciled during addition", call.RangePosition);
        }

        sum.CounterResetHint = CounterResetHint.Gauge;
        return sum;
    }

    public static void CheckHints(RangeCall call, RangeInput input, ReadOnlySpan<FloatHistogram> window, bool isCounter)
    {
        if (isCounter)
        {
            foreach (FloatHistogram histogram in window)
            {
                if (histogram.CounterResetHint == CounterResetHint.Gauge)
                {
                    call.Warn(
                        "this native histogram metric is not a counter: " + GoQuote.Quote(input.Labels.MetricName), call.RangePosition);
                    return;
                }
            }
        }
        else if (window[0].CounterResetHint != CounterResetHint.Gauge || window[^1].CounterResetHint != CounterResetHint.Gauge)
        {
            call.Warn("this native histogram metric is not a gauge: " + GoQuote.Quote(input.Labels.MetricName), call.RangePosition);
        }
    }
}
