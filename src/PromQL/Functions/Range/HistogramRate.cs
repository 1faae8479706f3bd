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
            if (window.Length < 2 || Difference(call, input, window, isCounter) is not { } difference)
            {
                continue;
            }

            long endMs = call.Times.TimeAt(i);
            double factor = RateKernels.Factor(
                input.HistogramTimes[start], input.HistogramTimes[end - 1], window.Length, endMs - call.RangeMs, endMs, isCounter, window[0].Count, difference.Count);
            if (isRate)
            {
                factor /= call.RangeMs / 1000.0;
            }

            output.Set(i, difference.Scaled(factor));
        }
    }

    /// <summary>The difference between the last and first histogram, counter resets made good; null (with a warning) if they do not fit together.</summary>
    private static FloatHistogram? Difference(RangeCall call, RangeInput input, ReadOnlySpan<FloatHistogram> window, bool isCounter)
    {
        FloatHistogram first = window[0];
        FloatHistogram last = window[^1];
        CheckHints(call, input, window, isCounter);

        // After a reset between the first two samples the layout of the first does not matter any more.
        bool firstIsVoid = isCounter && window[1].DetectReset(first);
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
                if (window[i].DetectReset(window[i - 1]))
                {
                    result = result.Plus(window[i - 1], out HistogramArithmetic added);
                    flags |= added;
                }
            }
        }

        if (flags.HasFlag(HistogramArithmetic.BoundsReconciled))
        {
            call.Context.Annotations.Inform("mismatched custom buckets were reconciled during subtraction", call.RangePosition);
        }

        result.CounterResetHint = CounterResetHint.Gauge;
        return result.Compacted();
    }

    public static void CheckHints(RangeCall call, RangeInput input, ReadOnlySpan<FloatHistogram> window, bool isCounter)
    {
        if (isCounter)
        {
            foreach (FloatHistogram histogram in window)
            {
                if (histogram.CounterResetHint == CounterResetHint.Gauge)
                {
                    call.Context.Annotations.Warn(
                        "this native histogram metric is not a counter: " + GoQuote.Quote(input.Labels.MetricName), call.RangePosition);
                    return;
                }
            }
        }
        else if (window[0].CounterResetHint != CounterResetHint.Gauge || window[^1].CounterResetHint != CounterResetHint.Gauge)
        {
            call.Context.Annotations.Warn("this native histogram metric is not a gauge: " + GoQuote.Quote(input.Labels.MetricName), call.RangePosition);
        }
    }
}
