using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>irate and idelta: the last two samples of each window.</summary>
internal static class InstantRateKernels
{
    public static void Compute(RangeCall call, RangeInput input, StepBlock output, bool isRate)
    {
        bool usesOrigins = isRate && call.UsesOrigins(input);
        if (input.HasHistograms || usesOrigins)
        {
            ComputeMixed(call, input, output, isRate, usesOrigins);
            return;
        }

        ReadOnlySpan<double> values = input.FloatValues;
        ReadOnlySpan<long> times = input.FloatTimes;
        for (int i = 0; i < output.Count; i++)
        {
            int last = input.FloatEnds[i] - 1;
            if (last > input.FloatStarts[i])
            {
                SetFloat(output, i, values[last - 1], values[last], times[last] - times[last - 1], isRate, isRate && values[last] < values[last - 1]);
            }
        }
    }

    private static void SetFloat(StepBlock output, int step, double previous, double last, long elapsedMs, bool isRate, bool isReset)
    {
        if (elapsedMs == 0)
        {
            return;
        }

        // After a counter reset the last value is all the increase that is known.
        double difference = isReset ? last : last - previous;
        output.Set(step, isRate ? difference / (elapsedMs / 1000.0) : difference);
    }

    private static void ComputeMixed(RangeCall call, RangeInput input, StepBlock output, bool isRate, bool usesOrigins)
    {
        for (int i = 0; i < output.Count; i++)
        {
            int f = input.FloatEnds[i] - 1;
            int h = input.HasHistograms ? input.HistogramEnds[i] - 1 : -1;
            Sample last = TakeLatest(input, i, ref f, ref h);
            Sample previous = TakeLatest(input, i, ref f, ref h);
            if (!previous.Exists)
            {
                continue;
            }

            bool startsAnew = usesOrigins && StartTimestamps.IsReset(previous.OriginMs, previous.TimeMs, last.OriginMs, last.TimeMs);
            if (previous.Histogram is null != last.Histogram is null)
            {
                call.WarnMixed(input);
            }
            else if (last.Histogram is null)
            {
                SetFloat(output, i, previous.Value, last.Value, last.TimeMs - previous.TimeMs, isRate, startsAnew || (isRate && last.Value < previous.Value));
            }
            else if (Difference(call, input, previous.Histogram!, last.Histogram, isRate, startsAnew) is { } difference)
            {
                output.Set(i, isRate ? difference.Scaled(1 / ((last.TimeMs - previous.TimeMs) / 1000.0)) : difference);
            }
        }
    }

    private static Sample TakeLatest(RangeInput input, int step, ref int f, ref int h)
    {
        bool hasFloat = f >= input.FloatStarts[step];
        bool hasHistogram = input.HasHistograms && h >= input.HistogramStarts[step];
        if (hasHistogram && (!hasFloat || input.HistogramTimes[h] > input.FloatTimes[f]))
        {
            return new Sample(true, input.HistogramTimes[h], input.HasOrigins ? input.HistogramOrigins[h] : 0, 0, input.Histograms[h--]);
        }

        return hasFloat ? new Sample(true, input.FloatTimes[f], input.HasOrigins ? input.FloatOrigins[f] : 0, input.FloatValues[f--], null) : default;
    }

    private static FloatHistogram? Difference(RangeCall call, RangeInput input, FloatHistogram previous, FloatHistogram last, bool isRate, bool startsAnew)
    {
        bool previousIsGauge = previous.CounterResetHint == CounterResetHint.Gauge;
        bool lastIsGauge = last.CounterResetHint == CounterResetHint.Gauge;
        if (isRate && (previousIsGauge || lastIsGauge))
        {
            call.Warn("this native histogram metric is not a counter: " + GoQuote.Quote(input.Labels.MetricName), call.RangePosition);
        }
        else if (!isRate && !(previousIsGauge && lastIsGauge))
        {
            call.Warn("this native histogram metric is not a gauge: " + GoQuote.Quote(input.Labels.MetricName), call.RangePosition);
        }

        FloatHistogram result;
        if (!isRate || (!startsAnew && !last.DetectReset(previous)))
        {
            if (last.UsesCustomBuckets != previous.UsesCustomBuckets)
            {
                call.WarnMixedBuckets(input);
                return null;
            }

            result = last.Minus(previous, out HistogramArithmetic arithmetic);
            if (arithmetic.HasFlag(HistogramArithmetic.BoundsReconciled))
            {
                call.Inform("mismatched custom buckets were reconciled during subtraction", call.RangePosition);
            }
        }
        else
        {
            result = last.Copy();
        }

        result.CounterResetHint = CounterResetHint.Gauge;
        return result.Compacted();
    }

    private readonly record struct Sample(bool Exists, long TimeMs, long OriginMs, double Value, FloatHistogram? Histogram);
}
