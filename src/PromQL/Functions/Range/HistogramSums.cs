using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Sums and averages of the native histograms of one window.</summary>
internal static class HistogramSums
{
    /// <summary>The sum, or null (with a warning) if the histograms do not fit together.</summary>
    public static FloatHistogram? Sum(RangeCall call, RangeInput input, ReadOnlySpan<FloatHistogram> histograms)
    {
        var sum = new HistogramAccumulator(histograms[0]);
        foreach (FloatHistogram histogram in histograms[1..])
        {
            if (!sum.TryAdd(histogram))
            {
                break;
            }
        }

        return Finish(call, input, sum, 1);
    }

    /// <summary>The average, or null (with a warning) if the histograms do not fit together.</summary>
    public static FloatHistogram? Average(RangeCall call, RangeInput input, ReadOnlySpan<FloatHistogram> histograms)
    {
        var sum = new HistogramAccumulator(histograms[0]);
        foreach (FloatHistogram histogram in histograms[1..])
        {
            if (!sum.TryAdd(histogram))
            {
                break;
            }
        }

        return Finish(call, input, sum, histograms.Length);
    }

    private static FloatHistogram? Finish(RangeCall call, RangeInput input, HistogramAccumulator sum, int count)
    {
        if (sum.IsIncompatible)
        {
            call.WarnMixedBuckets(input);
            return null;
        }

        sum.Annotate(call.Context.Annotations, call.RangePosition, call.CallPosition);
        return sum.Result(count);
    }
}
