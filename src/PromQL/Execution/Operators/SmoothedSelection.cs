using Narthex.Model;
using Narthex.PromQL.Planning;
using Narthex.Storage;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>The <c>smoothed</c> instant selector: values between two samples are interpolated.</summary>
internal static class SmoothedSelection
{
    public static void Fill(SampleBuffer samples, ReferenceTimes times, SelectNode node, string metricName, QueryContext context, SampleScope scope, StepBlock block)
    {
        using var clean = new RangeInput();
        CopyTo(samples, clean.Raw);
        clean.Load(new ReferenceTimes(0, 0, 0), 0);
        for (int i = 0; i < times.Count; i++)
        {
            long timeMs = times.TimeAt(i);
            bool hasFloat = Extent(clean.FloatTimes, timeMs, node.LookbackMs, out int before, out int after);
            bool hasHistogram = Extent(clean.HistogramTimes, timeMs, node.LookbackMs, out int histogramBefore, out int histogramAfter);
            bool sawFloat = before >= 0 || after >= 0;
            bool sawHistogram = histogramBefore >= 0 || histogramAfter >= 0;
            if (sawFloat && sawHistogram)
            {
                context.Annotations.Warn("encountered a mix of histograms and floats" + Annotations.ForMetric(metricName), node.Position);
            }
            else if (hasFloat)
            {
                scope.CountAt(i, new SampleCount(1, 1));
                block.Set(i, Functions.Range.Interpolation.Floats(clean.FloatTimes, clean.FloatValues, before, after, timeMs, isCounter: false));
            }
            else if (hasHistogram)
            {
                scope.CountAt(i, new SampleCount(1, 1));
                FloatHistogram? value = Functions.Range.Interpolation.Histograms(
                    clean.HistogramTimes, clean.Histograms, histogramBefore, histogramAfter, timeMs, isCounter: null, out bool mixed);
                if (mixed)
                {
                    context.Annotations.Warn(
                        "vector contains a mix of histograms with exponential and custom buckets schemas" + Annotations.ForMetric(metricName), node.Position);
                }
                else if (value is not null)
                {
                    block.Set(i, value);
                }
            }
        }
    }

    private static void CopyTo(SampleBuffer source, SampleBuffer destination)
    {
        for (int i = 0; i < source.Count; i++)
        {
            if (source.HasHistograms && source.Histograms[i] is { } histogram)
            {
                destination.Append(source.Timestamps[i], histogram);
            }
            else
            {
                destination.Append(source.Timestamps[i], source.Values[i]);
            }
        }
    }

    // The last sample at or before the time and the first after it, both within the lookback.
    private static bool Extent(ReadOnlySpan<long> timestamps, long timeMs, long lookbackMs, out int before, out int after)
    {
        before = -1;
        after = -1;
        int split = timestamps.BinarySearch(timeMs) is var found && found >= 0 ? found + 1 : ~found;
        if (split > 0 && timestamps[split - 1] > timeMs - lookbackMs)
        {
            before = split - 1;
        }

        if (split < timestamps.Length && timestamps[split] <= timeMs + lookbackMs)
        {
            after = split;
        }

        return before >= 0;
    }
}
