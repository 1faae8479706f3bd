using Narthex.Model;
using Narthex.PromQL.Execution;

namespace Narthex.PromQL.Functions.Range;

/// <summary>Sums and averages of the native histograms of one window.</summary>
internal static class HistogramSums
{
    /// <summary>The sum, or null (with a warning) if the histograms do not fit together.</summary>
    public static FloatHistogram? Sum(RangeCall call, ReadOnlySpan<FloatHistogram> histograms)
    {
        var sum = new HistogramAccumulator(histograms[0]);
        foreach (FloatHistogram histogram in histograms[1..])
        {
            if (!sum.TryAdd(histogram))
            {
                break;
            }
        }

        return Finish(call, sum, 1);
    }

    /// <summary>The average, or null (with a warning) if the histograms do not fit together.</summary>
    public static FloatHistogram? Average(RangeCall call, ReadOnlySpan<FloatHistogram> histograms)
    {
        var sum = new HistogramAccumulator(histograms[0]);
        foreach (FloatHistogram histogram in histograms[1..])
        {
            if (!sum.TryAdd(histogram))
            {
                break;
            }
        }

        return Finish(call, sum, histograms.Length);
    }

    private static FloatHistogram? Finish(RangeCall call, HistogramAccumulator sum, int count)
    {
        sum.Annotate(call.Context.Annotations, call.RangePosition, "");
        return sum.Result(count);
    }
}
