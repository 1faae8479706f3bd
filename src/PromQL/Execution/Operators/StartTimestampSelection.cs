using Narthex.Model;
using Narthex.Storage;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>The start timestamp, in seconds, of the latest sample at each step: <c>start_timestamp(selector)</c>. 0 where it is not known.</summary>
internal static class StartTimestampSelection
{
    /// <summary>Returns the number of samples found.</summary>
    public static long Fill(SampleBuffer samples, ReferenceTimes times, long lookbackMs, StepBlock block)
    {
        ReadOnlySpan<long> timestamps = samples.Timestamps;
        ReadOnlySpan<long> starts = samples.StartTimestamps;
        ReadOnlySpan<double> values = samples.Values;
        ReadOnlySpan<FloatHistogram?> histograms = samples.Histograms;
        long found = 0;
        int latest = -1;
        for (int i = 0; i < times.Count; i++)
        {
            long timeMs = times.TimeAt(i);
            while (latest + 1 < timestamps.Length && timestamps[latest + 1] <= timeMs)
            {
                latest++;
            }

            if (latest < 0 || timestamps[latest] <= timeMs - lookbackMs)
            {
                continue;
            }

            bool isStale = histograms.Length > 0 && histograms[latest] is { } histogram ? histogram.IsStale : StaleNaN.IsStale(values[latest]);
            if (!isStale)
            {
                found++;
                block.Set(i, starts.IsEmpty ? 0 : starts[latest] / 1000.0);
            }
        }

        return found;
    }
}
