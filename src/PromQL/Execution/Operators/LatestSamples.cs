using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Narthex.Model;
using Narthex.Storage;

namespace Narthex.PromQL.Execution.Operators;

/// <summary>The latest sample at each step, not older than the lookback.</summary>
internal static class LatestSamples
{
    /// <summary>Fills an empty block, and returns how many samples are in it; a histogram counts for as many as it is worth.</summary>
    /// <remarks>The window (time - lookback, time] is open on the left. A staleness marker hides what lies before it.</remarks>
    public static long Fill(SampleBuffer samples, ReferenceTimes times, long lookbackMs, bool wantsTimestamp, StepBlock block)
    {
        if (samples.Count == 0)
        {
            return 0;
        }

        // Before the first sample there is nothing, and nothing when the last one is too old.
        int from = StepsBefore(samples.Timestamps[0], times);
        int to = StepsBefore(samples.Timestamps[^1] + lookbackMs, times);
        if (from >= to)
        {
            return 0;
        }

        return !wantsTimestamp && !samples.HasHistograms && TryCopy(samples.Timestamps, samples.Values, times, lookbackMs, from, to, block)
            ? to - from
            : FillEach(samples, times, lookbackMs, wantsTimestamp, from, to, block);
    }

    // How many steps are before the time.
    private static int StepsBefore(long timeMs, ReferenceTimes times)
    {
        long distance = timeMs - times.FirstMs;
        return distance <= 0 ? 0
            : times.StepMs == 0 ? times.Count
            : (int)Math.Min(times.Count, ((distance - 1) / times.StepMs) + 1);
    }

    // Where samples are at the same distance and the steps a multiple of it apart, which sample it is needs no search.
    private static bool TryCopy(
        ReadOnlySpan<long> timestamps, ReadOnlySpan<double> values, ReferenceTimes times, long lookbackMs, int from, int to, StepBlock block)
    {
        if (timestamps.Length < 2 || times.StepMs == 0)
        {
            return false;
        }

        long distance = timestamps[1] - timestamps[0];
        long last = timestamps.Length - 1;
        long behind = times.TimeAt(from) - timestamps[0];
        if (distance <= 0
            || times.StepMs % distance != 0
            || behind % distance >= lookbackMs
            || timestamps[^1] - timestamps[0] != distance * last
            || !SteadyWindows.AreSteady(timestamps, distance))
        {
            return false;
        }

        long stride = times.StepMs / distance;
        long first = behind / distance;
        int inside = first > last ? 0 : (int)Math.Min(to - from, ((last - first) / stride) + 1);
        Span<double> output = block.Values[from..to];
        if (inside > 0)
        {
            Copy(values[(int)first..], inside > 1 ? (int)stride : 0, output[..inside]);
        }

        output[inside..].Fill(values[^1]);
        if (MemoryMarshal.Cast<double, ulong>(output).Contains(StaleNaN.Bits))
        {
            return false;
        }

        block.Present[from..to].Fill(true);
        return true;
    }

    // Every so manieth value.
    private static void Copy(ReadOnlySpan<double> values, int stride, Span<double> output)
    {
        if (stride == 1)
        {
            values[..output.Length].CopyTo(output);
            return;
        }

        ref double value = ref MemoryMarshal.GetReference(values[..(((output.Length - 1) * stride) + 1)]);
        for (int i = 0; i < output.Length; i++)
        {
            output[i] = Unsafe.Add(ref value, (nint)i * stride);
        }
    }

    private static long FillEach(SampleBuffer samples, ReferenceTimes times, long lookbackMs, bool wantsTimestamp, int from, int to, StepBlock block)
    {
        ReadOnlySpan<long> timestamps = samples.Timestamps;
        ReadOnlySpan<double> values = samples.Values;
        ReadOnlySpan<FloatHistogram?> histograms = samples.Histograms;
        Span<double> output = block.Values;
        Span<bool> present = block.Present;
        long found = 0;
        int latest = -1;
        long timeMs = times.TimeAt(from);
        for (int i = from; i < to; i++, timeMs += times.StepMs)
        {
            while (latest + 1 < timestamps.Length && timestamps[latest + 1] <= timeMs)
            {
                latest++;
            }

            if (timestamps[latest] <= timeMs - lookbackMs)
            {
                continue;
            }

            if (histograms.Length > 0 && histograms[latest] is { } histogram)
            {
                if (!histogram.IsStale)
                {
                    found += wantsTimestamp ? 1 : histogram.SizeInSamples;
                    if (wantsTimestamp)
                    {
                        block.Set(i, timestamps[latest] / 1000.0);
                    }
                    else
                    {
                        block.Set(i, histogram);
                    }
                }
            }
            else if (!StaleNaN.IsStale(values[latest]))
            {
                found++;
                output[i] = wantsTimestamp ? timestamps[latest] / 1000.0 : values[latest];
                present[i] = true;
            }
        }

        return found;
    }
}
